"""The heap whose keys can be taken out again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.scheduler.lazyheap import LazyHeap

KEYS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 9)),
        st.tuples(st.just("discard"), KEYS, st.just(0)),
        st.tuples(st.just("pop"), st.just(""), st.just(0)),
    ),
    max_size=400,
)


@given(STEPS)
def test_it_behaves_like_a_sorted_dictionary(steps: list[tuple[str, str, int]]) -> None:
    """Whatever is put, moved and taken out: the first is the least, and leftovers stay bounded."""
    heap: LazyHeap[int] = LazyHeap()
    model: dict[str, int] = {}
    for step, key, rank in steps:
        if step == "put":
            heap.put(key, rank)
            model[key] = rank
        elif step == "discard":
            assert heap.discard(key) == (model.pop(key, None) is not None)
        else:
            expected = min(model, key=lambda k: (model[k], k)) if model else None
            assert heap.pop() == expected
            model.pop(expected or "", None)
        assert len(heap) == len(model)
        assert all(key in heap for key in model)
        least = min(((rank, key) for key, rank in model.items()), default=None)
        assert heap.first() == least
        assert heap.leftovers <= len(model) + 64
