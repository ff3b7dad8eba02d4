"""Lying producers of Arrow arrays: a named error, no crash, one release of each struct, and an empty ledger.

Marks are those of the checklist of Arrow's C interfaces: K-A1 to K-A23.
"""

import ctypes
import gc
import struct
import sys
import threading

import pytest

import aria_array_bridge as ab
from arrow_lies import LIES, SCHEMAS
from arrow_producer import Array, ArrayProducer, DeviceProducer, DeviceStreamProducer, Part, Schema, Stream, StreamProducer, metadata
from dlpack_producer import Versioned, alive, api

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def refused(source, code, match=None, door=ab.asarray):
    """The plan of the refusal, whose last reason has this code."""
    with pytest.raises(ab.ConversionError, match=match) as caught:
        door(source)
    plan = caught.value.plan
    assert plan.outcome == "refuse" and code in [reason.code for reason in plan.reasons], str(plan)
    return plan


def fixed(width, child, **words):
    """A fixed-size list over a child, as schema and array."""
    (schema, array), words = child, words
    return (
        Schema(b"+w:%d" % width, children=[schema]),
        Array(buffers=[words.pop("validity", None)], children=[array], **words),
    )


def test_an_honest_array_is_shared_and_released_once():
    source = ArrayProducer()
    x = ab.asarray(source)
    assert x.address == source.array.address and x.tolist() == [0, 1, 2] and x.readonly and x.access == "shared"
    assert source.released == (1, 0) and [e[1] for e in alive()][-1] == "__arrow_c_array__"
    y = x[1:]
    del x
    assert source.array.released == 0 and y.tolist() == [1, 2]
    del y
    gc.collect()
    assert source.released == (1, 1)


def test_k_a1_no_bitmap_and_no_count_means_no_nulls_and_is_noted():
    x = ab.asarray(ArrayProducer(array=Array(null_count=-1)))
    assert x.null_count == 0 and x.validity is None and [r.code for r in x.plan.reasons] == ["null-count"]
    assert x.plan.outcome == "view"


def test_k_a2_nulls_are_counted_over_the_elements_alone():
    x = ab.asarray(ArrayProducer(array=Array(4, null_count=-1, offset=2, validity=b"\b\0")))
    assert x.null_count == 3 and x.is_null().tolist() == [True, False, True, True]


def test_k_a3_a_count_of_zero_is_trusted_and_checked_in_full():
    liar = lambda: ArrayProducer(array=Array(3, null_count=0, validity=b"\1"))  # noqa: E731
    assert ab.asarray(liar()).null_count == 0
    source = liar()
    refused(source, "values", "0 nulls, as the array says, but found 2", lambda x: ab.from_arrow(x, validate="full"))
    assert source.released == (1, 1)
    assert ab.from_arrow(ArrayProducer(), validate="full").tolist() == [0, 1, 2]


def test_k_a5_nulls_of_a_field_that_has_none_are_kept_and_noted():
    x = ab.asarray(ArrayProducer(Schema(flags=0), Array(3, null_count=1, validity=b"\5")))
    assert x.tolist() == [0, None, 2] and [reason.code for reason in x.plan.reasons] == ["null-count"]


@pytest.mark.parametrize("mark, schema, array", [("k_a1", {}, dict(null_count=-1)), ("k_a5", dict(flags=0), dict(null_count=1, validity=b"\5"))])
def test_k_a1_k_a5_a_table_keeps_the_note_of_a_column(mark, schema, array):
    source = lambda: ArrayProducer(Schema(**schema), Array(3, **array))  # noqa: E731
    with ab.trace() as plans:
        t = ab.table({"x": source()})
    noted = [(reason.code, reason.where) for plan in plans for reason in plan.reasons]
    assert noted and all(code == "null-count" for code, _ in noted)
    x = ab.asarray(t["x"])
    assert x.plan.outcome == "view" and [reason.code for reason in x.plan.reasons] == ["null-count"]
    assert x.null_count == t["x"].null_count == (1 if mark == "k_a5" else 0)
    child = Schema(name=b"x", **schema)
    struct = ArrayProducer(Schema(b"+s", children=[child]), Array(3, buffers=[None], children=[Array(3, **array)]))
    with ab.trace() as plans:
        t = ab.table(struct)
    assert [(reason.code, reason.where) for reason in plans[-1].reasons] == [("null-count", "column 'x'")]
    assert [reason.code for reason in ab.asarray(t["x"]).plan.reasons] == ["null-count"]


def test_k_a6_offsets_count_elements_and_bits_and_children_have_their_own():
    bits = ctypes.create_string_buffer(b"\xa0\x02", 2)
    x = ab.asarray(ArrayProducer(Schema(b"b"), Array(4, offset=5, memory=bits)))
    assert x.tolist() == [True, False, True, False]
    x = ab.asarray(ArrayProducer(*fixed(2, (Schema(), Array(10, offset=3)), length=2, offset=1)))
    assert x.tolist() == [[5, 6], [7, 8]]


def test_k_a7_without_elements_every_buffer_may_be_null():
    x = ab.asarray(ArrayProducer(array=Array(0, buffers=[None, None])))
    assert x.shape == (0,) and x.tolist() == []


@pytest.mark.parametrize("lie", LIES)
def test_an_array_that_lies_is_refused_by_name_and_released_once(lie):
    words, code, match = LIES[lie]
    source = ArrayProducer(array=Array(**words))
    refused(source, code, match)
    gc.collect()
    assert source.released == (1, int(lie != "k_a8_released_array"))


@pytest.mark.parametrize("lie", SCHEMAS)
def test_a_schema_that_lies_is_refused_by_name_and_released_once(lie):
    make, code, match = SCHEMAS[lie]
    source = ArrayProducer(make())
    refused(source, code, match)
    gc.collect()
    assert source.released == (int(lie != "k_a8_released_schema"), 1)


def test_k_a6_a_child_shorter_than_its_list_is_refused():
    source = ArrayProducer(*fixed(4, (Schema(), Array(7)), length=2))
    refused(source, "malformed", "at least 8 elements in child 0 but found 7")
    assert source.released == (1, 1)


def tensor(parameters, size=4):
    meta = metadata((b"ARROW:extension:name", b"arrow.fixed_shape_tensor"), (b"ARROW:extension:metadata", parameters))
    return ArrayProducer(Schema(b"+w:%d" % size, children=[Schema()], meta=meta), Array(2, buffers=[None], children=[Array(8)]))


@pytest.mark.parametrize(
    "parameters",
    [b"", b"{", b"{}", b"[]", b'{"shape":[3]}', b'{"shape":[-4]}', b'{"shape":"4"}', b'{"shape":[2,2],"permutation":[0,0]}',
     b'{"shape":[2,2],"permutation":[1]}', b'{"shape":[4294967296,4294967296,4294967296]}'],
)  # fmt: skip
def test_k_a17_parameters_of_a_tensor_that_disagree_are_malformed(parameters):
    source = tensor(parameters)
    refused(source, "malformed")
    assert source.released == (1, 1)


def test_k_a17_a_tensor_has_its_axes_in_the_order_meant():
    assert ab.asarray(tensor(b'{"shape":[1,4]}')).shape == (2, 1, 4)
    x = ab.asarray(tensor(b'{"shape":[1,4],"permutation":[1,0],"dim_names":["a","b"]}'))
    assert x.shape == (2, 4, 1) and x.tolist()[1] == [[4], [5], [6], [7]]


def test_missing_children_of_a_list_are_refused():
    refused(ArrayProducer(Schema(b"+w:2", children=[Schema()]), Array(buffers=[None], children=[None])), "malformed", "NULL")
    refused(ArrayProducer(Schema(b"+w:2", children=[Schema()]), Array(buffers=[None], n_children=1)), "malformed", "NULL")
    released = Array(6, release=False)
    refused(ArrayProducer(Schema(b"+w:2", children=[Schema()]), Array(buffers=[None], children=[released])), "released")


def test_lists_that_overflow_are_refused():
    schema = Schema(b"+w:2000000000", children=[Schema(b"+w:2000000000", children=[Schema()])])
    inner = Array(2**40, buffers=[None], children=[Array()])
    refused(ArrayProducer(schema, Array(2**20, buffers=[None], children=[inner])), "span-overflow")


def test_k_a9_a_struct_that_moved_is_released_where_it_is_now():
    source = ArrayProducer()
    x = ab.asarray(source)
    assert source.schema.struct.release is None and source.array.struct.release is None
    del x
    assert source.released == (1, 1)


def test_k_a10_the_base_is_released_and_its_children_are_not():
    child = (Schema(), Array(6))
    source = ArrayProducer(*fixed(2, child))
    assert ab.asarray(source).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert source.released == (1, 1) and (child[0].released, child[1].released) == (0, 0)


@pytest.mark.parametrize("address", range(1, 8))
def test_k_a14_misaligned_values_are_shared_and_read_right(address):
    memory = ctypes.create_string_buffer(bytes(address) + struct.pack("=3d", 1.5, 2.5, 3.5))
    source = ArrayProducer(array=Array(buffers=[None, ctypes.addressof(memory) + address]))
    x = ab.asarray(source)
    assert x.plan.outcome == "view" and "misaligned" in [reason.code for reason in x.plan.reasons]
    assert x.tolist() == [1.5, 2.5, 3.5] and x.copy().alignment >= 8


def test_k_a11_a_capsule_is_consumed_once():
    pair = ArrayProducer()
    capsules = pair.capsules()
    x = ab.from_arrow(capsules)
    plan = refused(capsules, "released", "consumed before", ab.from_arrow)
    assert "new one" in plan.reasons[0].hint and x.tolist() == [0, 1, 2]
    del x, capsules
    gc.collect()
    assert pair.released == (1, 1)


def test_k_a11_a_stream_capsule_is_consumed_once():
    stream = Stream([Array()])
    capsule = stream.capsule(b"arrow_array_stream")
    assert ab.from_arrow(capsule).tolist() == [0, 1, 2]
    refused(capsule, "released", "consumed before", ab.from_arrow)
    assert stream.released == 1


def test_k_a11_an_unconsumed_capsule_is_its_owners_to_release():
    pair = ArrayProducer()
    capsules = pair.capsules()
    refused((capsules[0], capsules[0]), "malformed", "named arrow_array but found arrow_schema", ab.from_arrow)
    assert pair.released == (0, 0) and pair.schema.struct.release
    assert ab.from_arrow(capsules).tolist() == [0, 1, 2]
    assert pair.released == (1, 1)


ANSWERS = {
    "None": lambda pair: None,
    "an int": lambda pair: 3,
    "a list": lambda pair: list(pair.capsules()),
    "an empty tuple": lambda pair: (),
    "one capsule": lambda pair: (pair.schema.capsule(b"arrow_schema"),),
    "three": lambda pair: (*pair.capsules(), None),
    "capsules turned round": lambda pair: pair.capsules()[::-1],
    "no capsules": lambda pair: (1, 2),
    "a schema and no array": lambda pair: (pair.capsules()[0], object()),
    "another name": lambda pair: (pair.schema.capsule(b"schema"), pair.array.capsule(b"arrow_array")),
    "another name of the array": lambda pair: (pair.schema.capsule(b"arrow_schema"), pair.array.capsule(b"arrow_array_used")),
    "a stream": lambda pair: Stream([]).capsule(b"arrow_array_stream"),
    "no name": lambda pair: (pair.schema.capsule(None), pair.array.capsule(None)),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_of_another_shape_is_malformed_and_stays_unconsumed(answer):
    class Wrong(ArrayProducer):
        def __arrow_c_array__(self, requested_schema=None):
            return ANSWERS[answer](self)

    source = Wrong()
    refused(source, "malformed", "expected a")
    gc.collect()
    assert source.schema.released <= 1 and source.array.released <= 1  # By the capsules, if there were any.


@pytest.mark.parametrize("answer", [None, 3, (), "text"])
def test_an_answer_that_is_no_stream_is_malformed(answer):
    source = type("Wrong", (), {"__arrow_c_stream__": lambda self, requested_schema=None: answer})()
    refused(source, "malformed", "named arrow_array_stream")


METHODS = ["__arrow_c_array__", "__arrow_c_device_array__", "__arrow_c_stream__", "__arrow_c_device_stream__"]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [NotImplementedError, TypeError, ValueError])
def test_a_producer_that_cannot_leaves_it_to_the_next_door(name, kind):
    def method(self, requested_schema=None):
        raise kind("not I")

    source = type("Speaker", (), {name: method, "__array_interface__": property(lambda self: {"version": 2})})()
    plan = refused(source, "door", "not I")
    assert [reason.code for reason in plan.reasons][0] == "door" and len(plan.reasons) == 2


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [RuntimeError, KeyError, MemoryError, AttributeError, OSError, KeyboardInterrupt, SystemExit])
def test_any_other_error_propagates_unchanged(name, kind):
    error = kind("mine")

    def method(self, requested_schema=None):
        raise error

    with pytest.raises(kind) as caught:
        ab.asarray(type("Speaker", (), {name: method})())
    assert caught.value is error


def test_a_door_is_one_of_the_type_and_not_of_the_object():
    source = type("Speaker", (), {})()
    source.__arrow_c_array__ = ArrayProducer().__arrow_c_array__
    for door in (ab.asarray, ab.from_arrow):
        refused(source, "not-an-array", door=door)


# Streams [C7], K-A20.


def test_a_stream_of_one_chunk_is_a_view():
    chunk = Array()
    source = StreamProducer(chunk)
    x = ab.asarray(source)
    assert x.address == chunk.address and x.plan.outcome == "view" and source.stream.released == 1
    assert chunk.released == 0
    del x
    assert chunk.released == 1


def test_chunks_become_one_array_by_one_copy():
    chunks = [Array(3), Array(0), Array(2, offset=1, null_count=1, validity=b"\2")]
    source = StreamProducer(*chunks)
    x = ab.asarray(source)
    assert x.tolist() == [0, 1, 2, 1, None]
    assert x.plan.outcome == "copy" and x.plan.copied_bytes == 40 and [r.code for r in x.plan.reasons] == ["chunked"]
    assert [chunk.released for chunk in chunks] == [1, 1, 1] and source.stream.released == 1
    assert source.stream.asked == 4, "the end is asked for once"


def test_a_copy_of_chunks_that_is_forbidden_is_not_made():
    for forbid in (lambda s: ab.asarray(s, copy=False), strictly):
        chunks = [Array(3), Array(2)]
        source = StreamProducer(*chunks)
        plan = refused(source, "copy-never", "2 chunks", forbid)
        assert plan.copied_bytes == 0
        assert [chunk.released for chunk in chunks] == [1, 1] and source.stream.released == 1


def strictly(source):
    with ab.no_copy():
        return ab.asarray(source)


def test_k_a20_an_error_arrives_with_its_text_and_ends_the_asking():
    first = Array()
    source = StreamProducer(first, (5, b"disk gone"), Array())
    plan = refused(source, "stream-error", "disk gone")
    assert plan.protocol == "__arrow_c_stream__" and source.stream.asked == 2 and source.stream.asked_for_error == 1
    assert first.released == 1 and source.stream.released == 1


def test_k_a20_an_error_without_a_text_has_its_number():
    refused(StreamProducer((22, None)), "stream-error", "error 22, without a text")
    refused(StreamProducer(schema=(12, b"no schema")), "stream-error", "its schema: no schema")


def test_k_a20_a_stream_that_ends_twice_is_asked_for_one_end():
    source = StreamProducer(Array(), None, None, Array())
    assert ab.asarray(source).tolist() == [0, 1, 2] and source.stream.asked == 2


def test_k_a20_a_released_array_is_the_end_and_an_empty_stream_is_an_empty_array():
    source = StreamProducer(Array(release=False), Array())
    x = ab.asarray(source)
    assert x.shape == (0,) and x.dtype == "float64" and source.stream.asked == 1
    nested = StreamProducer(schema=Schema(b"+w:2", children=[Schema(b"i")]))
    assert ab.asarray(nested).shape == (0, 2)


@pytest.mark.parametrize("missing", ["get_schema", "get_next", "get_last_error"])
def test_a_stream_that_lacks_a_function_is_refused_and_released(missing):
    source = StreamProducer(Array(), missing=[missing])
    refused(source, "malformed", missing)
    assert source.stream.released == 1


def test_k_a8_a_released_stream_is_refused():
    source = StreamProducer(release=False)
    refused(source, "released", "live ArrowArrayStream")


def test_a_stream_that_lies_about_its_schema_is_refused():
    good, bad = Array(), Array(n_buffers=3)
    source = StreamProducer(good, bad)
    refused(source, "malformed", "2 buffers")
    assert (good.released, bad.released, source.stream.released) == (1, 1, 1)
    refused(StreamProducer(Array(), schema=Schema(None)), "malformed", "format string")
    refused(StreamProducer(Array(), schema=Schema(release=False)), "released", "ArrowSchema")


def test_what_is_no_array_is_refused_before_anything_is_asked_for():
    source = StreamProducer(Array(), schema=Schema(b"u"))
    refused(source, "not-numeric", "string")
    assert source.stream.asked == 0 and source.stream.released == 1


def test_a_struct_is_a_table_and_no_array():
    table = Schema(b"+s", children=[Schema(name=b"x")])
    source = StreamProducer(schema=table)
    plan = refused(source, "not-numeric", "is a table")
    assert "columns" in plan.reasons[0].hint and source.stream.asked == 0
    refused(ArrayProducer(Schema(b"+s", children=[Schema()]), Array(buffers=[None], children=[Array()])), "not-numeric", "is a table")


# Devices, K-A21.


def test_k_a21_memory_of_the_host_may_come_as_a_devices():
    for device in [(1, -1, None), (1, 0, None)]:
        source = DeviceProducer(array=Array(device=device))
        x = ab.asarray(source)
        assert x.tolist() == [0, 1, 2] and x.device == "cpu" and x.plan.protocol == "__arrow_c_device_array__"
        del x
        assert source.released == (1, 1)


def test_k_a21_an_event_is_nothing_that_we_wait_for():
    source = DeviceProducer(array=Array(device=(2, 0, 0x10)))
    refused(source, "stream", "ready after an event")
    assert source.released == (1, 1)


def test_k_a21_memory_of_a_device_is_carried_and_never_read():
    x = ab.asarray(DeviceProducer(array=Array(device=(2, 1, None), buffers=[None, 0x1000])))
    assert x.device == "cuda:1" and x.address == 0x1000
    bits = DeviceProducer(Schema(b"b"), Array(device=(2, 0, None), buffers=[None, 0x1000]))
    refused(bits, "device", "lies on cuda:0")
    with pytest.raises(ab.ConversionError, match="on the host"):
        ab.from_arrow(DeviceProducer(array=Array(device=(2, 0, None), buffers=[None, 0x1000])), validate="full")


@pytest.mark.parametrize("device", [(0, 0, None), (-3, 0, None), (2, 2**40, None)])
def test_k_a21_numbers_of_no_device_are_refused(device):
    source = DeviceProducer(array=Array(device=device))
    refused(source, "malformed", "device of Arrow's")
    assert source.released == (1, 1)


HOST = (1, -1, None)


def test_k_a21_a_stream_of_a_device_is_taken_and_its_end_and_errors_are_a_streams():
    chunks = [Array(3, device=HOST), Array(2, device=HOST)]
    source = DeviceStreamProducer(*chunks)
    x = ab.asarray(source)
    assert x.tolist() == [0, 1, 2, 0, 1] and x.plan.protocol == "__arrow_c_device_stream__" and x.device == "cpu"
    assert [chunk.released for chunk in chunks] == [1, 1] and source.stream.released == 1
    one = Array(3, device=(2, 1, None), buffers=[None, 0x1000])
    x = ab.from_arrow(DeviceStreamProducer(one, device=2))
    assert x.device == "cuda:1" and x.address == 0x1000
    source = DeviceStreamProducer(Array(device=HOST), (5, b"disk gone"), Array(device=HOST))
    refused(source, "stream-error", "disk gone")
    assert source.stream.asked == 2 and source.stream.released == 1
    capsule = Stream([Array(device=HOST)], device=1).capsule(b"arrow_device_array_stream")
    assert ab.from_arrow(capsule).tolist() == [0, 1, 2]
    refused(capsule, "released", "consumed before", ab.from_arrow)


@pytest.mark.parametrize("device, code, match", [((2, 0, 0x10), "stream", "ready after an event"), ((0, 0, None), "malformed", "device of Arrow's"),
                                                 ((2, 0, None), "device", "one chunk lies on cpu, another on cuda:0")])  # fmt: skip
def test_k_a21_a_chunk_that_lies_on_no_device_or_on_another_is_refused(device, code, match):
    chunks = [Array(device=HOST), Array(device=device)]
    source = DeviceStreamProducer(*chunks)
    refused(source, code, match)
    gc.collect()
    assert [chunk.released for chunk in chunks] == [1, 1] and source.stream.released == 1


@pytest.mark.parametrize("missing", ["get_schema", "get_next", "get_last_error"])
def test_k_a21_a_stream_of_a_device_that_lacks_a_function_is_refused_and_released(missing):
    source = DeviceStreamProducer(Array(device=HOST), missing=[missing])
    refused(source, "malformed", missing)
    assert source.stream.released == 1
    refused(DeviceStreamProducer(release=False), "released", "live ArrowDeviceArrayStream")


# Release, K-A23 and [O4].


def test_k_a23_the_last_handle_on_another_thread_releases_attached():
    seen = []
    source = ArrayProducer(array=Array(on_release=lambda: seen.append(threading.current_thread().name)))
    box = [ab.asarray(source)]
    thread = threading.Thread(target=box.clear, name="other")
    thread.start()
    thread.join()
    gc.collect()
    assert len(seen) == 1 and source.array.released == 1


def test_a_release_runs_with_no_exception_pending_and_leaves_none():
    pending = []
    source = ArrayProducer(array=Array(on_release=lambda: pending.append(sys.exc_info()[0])))

    def fails():
        x = ab.asarray(source)  # noqa: F841
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fails()
    gc.collect()
    assert source.array.released == 1 and len(pending) == 1


def test_release_gives_the_array_back_early_and_once():
    source = ArrayProducer()
    x = ab.asarray(source)
    view = x.values
    with pytest.raises(BufferError):
        x.release()
    del view
    x.release()
    assert source.released == (1, 1)
    del x
    assert source.released == (1, 1)


def test_validity_keeps_the_array_alive():
    source = ArrayProducer(array=Array(3, null_count=1, validity=b"\5"))
    bits = ab.asarray(source).validity
    gc.collect()
    assert source.array.released == 0 and bits.tolist() == [True, False, True]
    del bits
    gc.collect()
    assert source.array.released == 1


def test_an_export_keeps_values_and_bits_of_an_import_alive():
    source = ArrayProducer(Schema(b"b"), Array(3, null_count=1, validity=b"\5"))
    values = ArrayProducer(array=Array(3, null_count=1, validity=b"\5"))
    out = [ab.asarray(x).__arrow_c_array__() for x in (source, values)]
    gc.collect()
    assert source.array.released == 1, "bits were copied, with their validity"
    assert values.array.released == 0
    back = [ab.from_arrow(capsules) for capsules in out]
    assert back[1].tolist() == [0, None, 2] and back[0].null_count == 1
    del out, back
    gc.collect()
    assert values.array.released == 1


# Arrow's memory by DLPack and NumPy, K-A15, K-A16, K-A22.


def test_k_a15_arrows_memory_is_never_written_to():
    source = ArrayProducer(array=Array(3, null_count=1, validity=b"\5"))
    before = bytes(source.array.memory), source.array.bits.raw
    x = ab.asarray(source)
    assert x.readonly and x.fill_null(9).tolist() == [0, 9, 2]
    x.to_numpy(nulls="nan"), x.to_numpy(nulls="mask"), x.astype("float32"), x.copy()
    refused(x, "read-only", door=lambda x: ab.asarray(x, copy=False, writable=True))
    assert (bytes(source.array.memory), source.array.bits.raw) == before


def test_k_a16_booleans_are_bits_and_never_a_view():
    source = ArrayProducer(Schema(b"b"), Array(3))
    plan = ab.explain(source)
    assert (plan.outcome, plan.copied_bytes, [reason.code for reason in plan.reasons]) == ("copy", 3, ["bits"])
    refused(ArrayProducer(Schema(b"b"), Array(3)), "copy-never", "bits", lambda x: ab.asarray(x, copy=False))


def test_k_a22_an_offset_moves_the_address_and_nulls_do_not_go_by_dlpack():
    source = ArrayProducer(array=Array(3, offset=2))
    x = ab.asarray(source)
    assert x.address == source.array.address + 16
    capsule = x.__dlpack__(max_version=(1, 1))
    managed = Versioned.from_address(api.PyCapsule_GetPointer(id(capsule), b"dltensor_versioned"))
    assert managed.dl_tensor.data + managed.dl_tensor.byte_offset == x.address
    assert managed.flags & 1, "read-only"
    with pytest.raises(BufferError, match="read-only"):
        x.__dlpack__(copy=False)  # The older struct has no bit for it.
    nulls = ab.asarray(ArrayProducer(array=Array(3, null_count=1, validity=b"\5")))
    with pytest.raises(BufferError, match="1 null") as caught:
        nulls.__dlpack__(max_version=(1, 1))
    assert "nulls" in [reason.code for reason in caught.value.plan.reasons]


# What goes out.


def test_an_unconsumed_export_is_released_once():
    source = ArrayProducer()
    x = ab.asarray(source)
    out = [x.__arrow_c_array__(), x.__arrow_c_device_array__(), x.__arrow_c_schema__()]
    with pytest.raises(BufferError):
        x.release()
    del out
    x.release()
    assert source.array.released == 1


def test_k_a21_unknown_arguments_of_the_device_method_are_not_implemented():
    x = ab.asarray([1.0])
    assert len(x.__arrow_c_device_array__(None, stream=None, other=None)) == 2
    with pytest.raises(NotImplementedError, match="stream"):
        x.__arrow_c_device_array__(stream=1)


@pytest.mark.parametrize("requested", [1, "g", (), Part])
def test_k_a19_a_request_that_is_no_schema_is_malformed(requested):
    with pytest.raises(ab.ConversionError, match="named arrow_schema"):
        ab.asarray([1.0]).__arrow_c_array__(requested)


def test_k_a19_a_request_that_cannot_be_met_is_answered_by_what_the_array_is():
    wish = Schema(b"u")
    schema, array = ab.asarray([1.0]).__arrow_c_array__(wish.capsule(b"arrow_schema"))
    assert wish.released == 1 and ab.from_arrow((schema, array)).dtype == "float64"
    refused_wish = Schema(None)
    capsule = refused_wish.capsule(b"arrow_schema")
    with pytest.raises(ab.ConversionError, match="format string"):
        ab.asarray([1.0]).__arrow_c_array__(capsule)
    assert refused_wish.released == 1


def test_k_a18_bool8_and_its_metadata_go_out_where_they_are_asked_for():
    bools = ab.from_buffer(b"\1\0\2", dtype="bool")
    bool8 = lambda: Schema(b"c", meta=metadata((b"ARROW:extension:name", b"arrow.bool8"), (b"ARROW:extension:metadata", b"")))  # noqa: E731
    back = ab.from_arrow(bools.__arrow_c_array__(bool8().capsule(b"arrow_schema")))
    assert back.dtype == "bool" and back.address == bools.address and back.tolist() == [True, False, True]
    assert ab.from_arrow(bools.__arrow_c_array__()).plan.reasons[0].code == "bits"


def test_inside_no_copy_an_export_that_copies_is_refused():
    bools = ab.asarray([True, False])
    with ab.no_copy(), pytest.raises(BufferError, match="booleans are bytes") as caught:
        bools.__arrow_c_array__()
    assert [reason.code for reason in caught.value.plan.reasons] == ["bits", "copy-never"]
    with ab.trace() as hops:
        bools.__arrow_c_array__()
    assert [hop.outcome for hop in hops] == ["copy"] and hops[0].copied_bytes == 1


def test_what_arrow_has_no_type_for_is_refused_with_every_reason():
    wide = ab.asarray(b"").reshape(0, 2**31)
    for array, code in [(wide, "extent"), (ab.asarray(3.0), "ndim")]:
        with pytest.raises(ab.ConversionError) as caught:
            array.__arrow_c_array__()
        assert code in [reason.code for reason in caught.value.plan.reasons]
        assert ab.explain(array, to="arrow").outcome == "refuse"


def test_from_arrow_asks_no_other_door():
    for source in (b"abcd", 3, [1.0], (1, 2, 3), ()):
        with pytest.raises(ab.ConversionError):
            ab.from_arrow(source)
    ours = ab.asarray([1.0])
    assert ab.from_arrow(ours) is ours
    with pytest.raises(ValueError, match="validate"):
        ab.from_arrow(ArrayProducer(), validate="some")


def test_options_are_those_of_every_import():
    make = lambda: ArrayProducer(array=Array(3, null_count=1, validity=b"\5"))  # noqa: E731
    assert ab.from_arrow(make(), dtype="float32").plan.reasons[0].code == "dtype"
    assert ab.from_arrow(make(), copy=True).plan.reasons[0].code == "copy-asked"
    assert ab.asarray(make(), copy=True).tolist() == [0, None, 2]
    refused(make(), "nulls", "1 null", lambda x: ab.from_arrow(x, nulls="raise"))
    nested = lambda: ArrayProducer(*fixed(2, (Schema(), Array(6))))  # noqa: E731
    f = ab.from_arrow(nested(), order="F")
    assert f.f_contiguous and f.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert ab.explain(make()).outcome == "view" and ab.explain(ArrayProducer(Schema(b"b"))).copied_bytes == 3
