"""The contract suite of processors, and a processor over batches."""

import asyncio
import math

import pytest
from pydantic import BaseModel, SecretStr

from orbital_sdk import Fields, Plan, Processor, ProcessorConfig, Row
from orbital_sdk.testing import check_processor, make_batch, process


class Rules(ProcessorConfig):
    password: SecretStr = SecretStr("open sesame")
    """For nothing."""


class Tenfold(Processor[Rules]):
    """A good one: another name, another value, no debugging."""

    name = "tenfold"
    summary = "Ten times as much"

    def plan(self, layout):
        rows = [Row(row.name + "_x10", dict(row.labels)) for row in layout.rows]
        return Plan(rows, lambda batch: [value * 10 for value in batch.values])


async def verdict(cls=Tenfold, batches=(), **body):
    """What check_processor says of it with something changed; empty if nothing."""
    variant = type("Variant", (cls,), body)
    try:
        await check_processor(lambda: variant(Rules()), batches, entry_point=False)
    except AssertionError as finding:
        return str(finding)
    return ""


async def test_good_processors_pass():
    """One with a step, one that leaves everything as it is, one that leaves nothing."""
    assert await verdict() == ""
    assert await verdict(plan=lambda self, layout: layout.rows) == ""
    assert await verdict(plan=lambda self, layout: None) == ""


async def test_it_is_tried_with_odd_batches():
    """Infinities, extremes, own times, foreign text, reports, several tasks, and the author's own."""
    seen = []

    def plan(self, layout):
        return Plan(layout.rows, lambda batch: seen.append(batch) or batch.values)

    mine = make_batch({"mine": 1.0})
    assert "still held" in await verdict(plan=plan, batches=[mine])
    values = {value for batch in seen for value in batch.values}
    assert {math.inf, -math.inf, 5e-324, 1.8e308} <= values
    assert {batch.times is None for batch in seen} == {True, False}
    assert {batch.layout.origin.task for batch in seen} == {"task-1", "task-2"}
    assert any(row.name == "up" for batch in seen for row in batch.layout.rows)
    assert mine in seen


def counts():
    """A plan that is another one each time."""
    names = iter(range(1000))
    return lambda self, layout: [Row(f"m{next(names)}", {}) for _ in layout.rows]


def keeps():
    """A plan that never lets go of a layout."""
    kept = []
    return lambda self, layout: kept.append(layout) or layout.rows


def changes(batch):
    batch.values[0] = 7
    return batch.values


def stepping(step):
    return lambda self, layout: Plan(layout.rows, step)


async def never(self):
    raise RuntimeError("no")


async def never_plans(self, layout):
    return layout.rows


async def leaves_a_task(self, host):
    self.task = asyncio.create_task(asyncio.Event().wait(), name="gatherer")


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ({"name": "No Name"}, "name is 'No Name'"),
        ({"summary": ""}, "summary is empty"),
        ({"plan": lambda self, layout: 5}, "plan() of a single sample failed"),
        ({"plan": lambda self, layout: layout.rows[1:]}, "0 rows for 1"),
        ({"plan": counts()}, "gave other rows the second time"),
        ({"plan": keeps()}, "layouts that ended are still held"),
        ({"plan": lambda self, layout: [Row("a", {}) for _ in layout.rows]}, "a series twice"),
        ({"plan": stepping(lambda batch: [1, 2])}, "2 values for 1 rows"),
        ({"plan": stepping(lambda batch: ["a"] * len(batch))}, "the step for a single sample failed"),
        ({"plan": stepping(lambda batch: list(map(int, batch.values)))}, "the step for infinities"),
        ({"plan": stepping(changes)}, "was changed in place"),
        ({"plan": stepping(lambda batch: None)}, "the step gave NoneType; return a value for each row"),
        ({"plan": never_plans}, "plan() is `async def`; make it a plain `def`"),
        ({"flush": lambda self, now, last: [5]}, "flush(last=False) failed"),
        ({"flush": lambda self, now, last: 5}, "flush() gave int; return a list of batches, [] for none"),
        ({"flush": lambda self, now, last: "no"}, "flush() gave str; return a list of batches"),
        ({"start": lambda self, host: never(self)}, "start() raised"),
        ({"start": leaves_a_task}, "the task gatherer (Event.wait) still runs after stop()"),
        ({"stop": never}, "stop() without start() raised"),
        ({"__repr__": lambda self: self.config.password.get_secret_value()}, "shows a secret"),
    ],
)  # fmt: skip
async def test_each_breach_is_named(body, finding):
    """With what to change, all of them at once."""
    assert finding in await verdict(**body)


async def test_nested_settings_are_described_as_others_are():
    """By docstrings, with `Fields` as their base; where another base is, that is said."""

    def config(base):
        class Rule(base):
            factor: float = 1.0
            """What values are multiplied by."""

        class Rules(ProcessorConfig):
            rule: Rule = Rule()
            """The only one."""

        class Ruled(Processor[Rules]):
            name = "ruled"
            summary = "Has rules"

            def plan(self, layout):
                return layout.rows

        return lambda: Ruled(Rules())

    await check_processor(config(Fields), entry_point=False)
    with pytest.raises(AssertionError, match="a nested model has `Fields` as its base"):
        await check_processor(config(BaseModel), entry_point=False)


async def test_a_fault_is_told_once():
    """Whatever number of batches has it."""
    said = await verdict(plan=lambda self, layout: layout.rows[1:])
    assert said.count("plan() of") == 1
    assert "(and for 9 more kinds of batch)" in said


async def test_who_has_no_name_hears_just_that():
    """A manifest needs one, which is not a second fault."""
    said = await verdict(name="")
    assert "name is ''" in said
    assert "manifest" not in said


def test_a_processor_over_batches():
    """Rows, values and times come out as they do of the agent; each layout is planned once."""
    asked = []

    class More(Processor[ProcessorConfig]):
        name = "more"

        def plan(self, layout):
            asked.append(layout)
            rows = [None, *layout.rows[1:], Row("sum", {})]
            return Plan(
                rows, lambda batch: [*[v or math.nan for v in batch.values], sum(batch.values)]
            )

    first = make_batch({"a": 1, "b": 2, "c": 3}, ts=100, times=[10, 20, 30])
    second = make_batch([4, 5, 0], layout=first.layout, ts=200)
    left = process(More(ProcessorConfig()), first, second)
    assert [[(r.name, ts, v) for r, ts, v in batch.items()] for batch in left] == [
        [("b", 20, 2), ("c", 30, 3), ("sum", 100, 6)],
        [("b", 200, 5), ("sum", 200, 9)],
    ]
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["makes", "device_fields"])
async def test_what_it_says_of_its_settings(name):
    """Names as a list of texts: the agent asks before it starts."""
    assert await verdict(**{name: classmethod(lambda cls, config: ["a", "b"])}) == ""
    for wrong in ("abc", [1]):
        words = await verdict(**{name: classmethod(lambda cls, config, wrong=wrong: wrong)})
        assert f"{name}() gives names, each a str" in words
    words = await verdict(**{name: classmethod(lambda cls, config: config.nothing)})
    assert f"{name}() failed: AttributeError" in words
