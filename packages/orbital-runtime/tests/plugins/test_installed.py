"""What is installed beneath a running agent, as packages lie on the disk."""

import pytest

from orbital_runtime.plugins.installed import InstalledPackages


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a version of the distribution `acme` there, in place of the one before."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(version, record="acme.py,sha256=1,1\n"):
        for old in tmp_path.glob("acme-*.dist-info"):
            old.rename(tmp_path / f"~{old.name}")
        if version:
            info = tmp_path / f"acme-{version}.dist-info"
            info.mkdir()
            info.joinpath("METADATA").write_text(
                f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n"
            )
            info.joinpath("RECORD").write_text(record)

    return install


def test_an_upgrade_is_seen(install):
    """The version, and other files of the same version; nothing in the middle of an upgrade."""
    packages = InstalledPackages()
    assert packages.of("acme") is None
    install("1.0")
    first = packages.of("acme")
    assert first.version == "1.0"
    install("")
    assert packages.of("acme") is None
    install("1.1")
    assert packages.of("acme").version == "1.1"
    install("")
    install("1.0", "acme.py,sha256=2,1\n")
    again = packages.of("acme")
    assert (again.version, again == first) == ("1.0", False)


def test_what_was_read_is_remembered(install, tmp_path):
    """A scrape asks for each plugin: nothing is read again while no package comes or goes."""
    install("1.0")
    packages = InstalledPackages()
    first = packages.of("acme")
    (metadata,) = tmp_path.glob("*/METADATA")
    metadata.write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.1\n")
    assert packages.of("acme") is first
