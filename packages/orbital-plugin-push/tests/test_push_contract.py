"""Push as any receiver: what the agent relies on."""

import aiohttp

from orbital_plugin_push import Push
from orbital_sdk.testing import check_receiver
from orbital_testbench import free_port


async def test_contract():
    """Served, cancelled, busy and told no: by the suite that strangers' receivers pass, too."""

    async def speak(device, config):
        url = f"http://{device.host}:{device.port}/api/v1/import/prometheus"
        async with aiohttp.ClientSession() as session:
            try:
                async with session.post(url, data=b"pushed 1\n") as answer:
                    return answer.status
            except aiohttp.ClientError as error:
                raise ConnectionError("nobody listens") from error

    await check_receiver(Push, lambda: ({"port": free_port(), "bearer_token": None}, None), speak)
