"""Lying producers of tables: a named error, no crash, one release of each struct, and an empty ledger [C6], [C7], [C8]."""

import ctypes
import gc

import pytest

import aria_array_bridge as ab
from arrow_lies import LIES as COLUMNS
from arrow_lies import SCHEMAS
from arrow_producer import (
    Array,
    ArrayProducer,
    ArrowDeviceArray,
    ArrowDeviceArrayStream,
    DeviceProducer,
    DeviceStreamProducer,
    Schema,
    Stream,
    StreamProducer,
    pointers,
)
from dlpack_producer import api

PARTNER = "stdlib"
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def struct_of(*names, **words):
    return Schema(b"+s", children=[Schema(name=name) for name in names], **words)


def rows(length=3, columns=2, child=None, **words):
    children = words.pop("children", None) or [Array(length if child is None else child) for _ in range(columns)]
    return Array(length, buffers=[None], children=children, **words)


def pair(schema=None, array=None):
    return ArrayProducer(schema or struct_of(b"a", b"b"), array or rows())


def refused(make, code, match=None):
    with pytest.raises(ab.ConversionError, match=match) as caught:
        make()
    assert caught.value.plan.outcome == "refuse" and code in [reason.code for reason in caught.value.plan.reasons], str(caught.value.plan)


def test_an_honest_struct_is_a_table_and_released_once():
    source = pair()
    t = ab.table(source)
    assert t.column_names == ["a", "b"] and t["b"].tolist() == [0, 1, 2] and ab.asarray(t["a"]).plan.outcome == "view"
    column, source.schema.kept = t["a"], None
    del t
    gc.collect()
    assert source.released == (1, 0), "a column keeps the struct"
    assert column.tolist() == [0, 1, 2]
    del column
    gc.collect()
    assert source.released == (1, 1)


def test_offset_and_length_of_the_struct_apply_to_its_children():
    t = ab.table(pair(array=rows(2, child=9, offset=3)))
    assert t.num_rows == 2 and t["a"].tolist() == [3, 4] and t.slice(1)["b"].tolist() == [4]


LIES = {
    "rows that are null": (lambda: rows(null_count=1, children=[Array(3), Array(3)]), "malformed", "bitmap for 1 nulls but found NULL"),
    "no children": (lambda: Array(3, buffers=[None]), "malformed", "2 children"),
    "one child too few": (lambda: rows(columns=1), "malformed", "2 children.* but found 1"),
    "one child too many": (lambda: rows(columns=3), "malformed", "2 children.* but found 3"),
    "children at NULL": (lambda: Array(3, buffers=[None], n_children=2), "malformed", "NULL"),
    "a child that is NULL": (lambda: rows(children=[Array(3), None]), "malformed", "NULL"),
    "a child that was released": (lambda: rows(children=[Array(3), Array(3, release=False)]), "released", "field 'b'|live ArrowArray"),
    "a child that is too short": (lambda: rows(children=[Array(3), Array(2)]), "malformed", "at least 3 elements in child 1 but found 2"),
    "a child too short for the offset": (lambda: rows(2, child=3, offset=2), "malformed", "at least 4 elements in child 0 but found 3"),
    "a child without memory": (lambda: rows(children=[Array(3), Array(3, buffers=[None, None])]), "null-data", "field 'b'"),
    "a negative length": (lambda: rows(-1, child=3), "malformed", "-1"),
    "released": (lambda: rows(release=False), "released", "live ArrowArray"),
    "buffers of another format": (lambda: Array(3, children=[Array(3), Array(3)]), "malformed", "1 buffers? for format .\\+s. but found 2"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_batch_that_lies_is_refused_by_name_and_released_once(lie):
    make, code, match = LIES[lie]
    source = pair(array=make())
    refused(lambda: ab.table(source), code, match)
    gc.collect()
    assert source.released == (1, int(lie != "released"))
    stream = StreamProducer(rows(), make(), schema=struct_of(b"a", b"b"))
    reader = ab.batches(stream)
    assert next(reader)["a"].tolist() == [0, 1, 2]
    if lie == "released":  # The end of a stream.
        assert list(reader) == []
    else:
        refused(lambda: next(reader), code, match)
        assert list(reader) == [] and stream.stream.asked == 2, "nothing is asked after an error"
    del reader
    gc.collect()
    assert stream.stream.released == 1


# One column that lies, through every door that a table has: an honest sibling is given back with it.
DOORS = {
    "a struct": lambda schema, make: (ArrayProducer(schema(), make()), ab.table),
    "a stream": lambda schema, make: (StreamProducer(make(), schema=schema()), ab.table),
    "batches": lambda schema, make: (StreamProducer(make(), schema=schema()), lambda source: list(ab.batches(source))),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("lie", COLUMNS)
def test_a_column_that_lies_is_refused_by_name_in_every_table(lie, door):
    words, code, match = COLUMNS[lie]
    made = []

    def make():
        made.append(rows(children=[Array(3), Array(**words)]))
        return made[0]

    source, ask = DOORS[door](lambda: struct_of(b"a", b"b"), make)
    short = lie in ("k_a13_negative_length",)
    refused(lambda: ask(source), code, None if short else match)
    gc.collect()
    assert made[0].released == 1
    column = ArrayProducer(array=Array(**words))
    refused(lambda: ab.table({"x": column}), code, match)
    gc.collect()
    assert column.released == (1, int(lie != "k_a8_released_array"))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("lie", [lie for lie, (_, code, _) in SCHEMAS.items() if code in ("released", "malformed", "limit") and "k_a17" not in lie])
def test_a_field_that_lies_is_refused_by_name_in_every_table(lie, door):
    make, code, match = SCHEMAS[lie]
    batch = rows()
    source, ask = DOORS[door](lambda: Schema(b"+s", children=[Schema(name=b"a"), make()]), lambda: batch)
    refused(lambda: ask(source), code, match)
    gc.collect()
    streamed = isinstance(source, StreamProducer)
    assert (source.stream.schema if streamed else source.schema).released == 1
    assert batch.released == (0 if streamed else 1), "nothing is asked of a stream whose schema lies"
    for door in (ab.schema, lambda given: ab.table({"x": given})):
        source = ArrayProducer(make())
        source_type = type("Described", (), {"__arrow_c_schema__": lambda self: source.schema.capsule(b"arrow_schema")})
        refused(lambda: door(source_type() if door is ab.schema else source), code, match)
        gc.collect()
        assert source.schema.released == int(lie != "k_a8_released_schema")


def test_rows_that_are_null_as_a_whole_are_refused():
    for count in (1, -1):
        array = Array(3, buffers="here", validity=b"\x05", null_count=count, children=[Array(3), Array(3)], n_buffers=1)
        source = pair(array=array)
        refused(lambda: ab.table(source), "nulls", "rows that are not null as a whole but found 1 of 3 that are")
        assert source.released == (1, 1)


@pytest.mark.parametrize("schema", [Schema, lambda: Schema(b"+l", children=[Schema(b"u")]), lambda: Schema(b"u")], ids=["number", "list", "text"])
def test_a_stream_whose_schema_is_no_struct_has_no_batches_and_is_one_column(schema):
    source = StreamProducer(Array(), schema=schema())
    refused(lambda: ab.batches(source), "not-a-table", "expected a struct, whose fields are columns, but found")
    gc.collect()
    assert source.stream.released == 1 and source.stream.asked == 0
    source = StreamProducer(schema=schema())
    table = ab.table(source)
    assert (table.column_names, table.shape) == ([""], (0, 1))
    gc.collect()
    assert source.stream.released == 1
    source = ArrayProducer()
    assert ab.table(source).shape == (3, 1)
    gc.collect()
    assert source.released == (1, 1)


def test_an_error_has_its_text_and_ends_the_asking():
    for door in (ab.table, lambda source: list(ab.batches(source))):
        source = StreamProducer(rows(), (5, b"the disk is gone"), rows(), schema=struct_of(b"a", b"b"))
        refused(lambda: door(source), "stream-error", "the disk is gone")
        gc.collect()
        assert source.stream.asked == 2 and source.stream.released == 1
    source = StreamProducer(schema=(5, b"no schema today"))
    for door in (ab.table, ab.batches, ab.schema):
        source = StreamProducer(schema=(5, b"no schema today"))
        refused(lambda: door(source), "stream-error", "no schema today")
        gc.collect()
        assert source.stream.released == 1


def test_a_stream_without_batches_is_a_table_without_rows():
    source = StreamProducer(schema=struct_of(b"a", b"b"))
    t = ab.table(source)
    assert t.shape == (0, 2) and ab.asarray(t["a"]).shape == (0,) and source.stream.released == 1
    assert t["a"].num_chunks == 1


def test_a_table_of_one_batch_has_one_chunk():
    t = ab.table(StreamProducer(rows(), schema=struct_of(b"a", b"b")))
    assert t["a"].num_chunks == 1 and t.to_matrix().plan.copied_bytes == 48


def test_names_that_several_columns_have_are_answered_with_their_positions():
    t = ab.table(pair(struct_of(b"a", b"a")))
    with pytest.raises(KeyError) as caught:
        t["a"]
    assert caught.value.args == ("expected one column 'a' but found several, at positions [0, 1]",)
    assert [t[i].tolist() for i in (0, 1)] == [[0, 1, 2]] * 2 and t.column_names == ["a", "a"]
    assert t.to_matrix().shape == (3, 2)


def test_a_stream_capsule_that_was_taken_and_a_wrong_one_are_refused():
    stream = Stream([rows()], schema=struct_of(b"a", b"b"))
    capsule = stream.capsule(b"arrow_array_stream")
    source = type("Again", (), {"__arrow_c_stream__": lambda self, requested_schema=None: capsule})()
    assert ab.table(source).shape == (3, 2)
    refused(lambda: ab.table(source), "released", "consumed before")
    refused(lambda: ab.batches(source), "released", "consumed before")
    for answer in (None, 3, "text"):
        wrong = type("Wrong", (), {"__arrow_c_stream__": lambda self, requested_schema=None: answer})()
        refused(lambda: ab.batches(wrong), "malformed", "named arrow_array_stream")
    assert stream.released == 1


def test_a_schema_that_lies_is_refused():
    for schema, match in ((Schema(b"+s", children=[None]), "NULL"), (Schema(b"+s", n_children=2), "NULL"), (Schema(None), "NULL")):
        source = pair(schema, rows(columns=1))
        refused(lambda: ab.table(source), "malformed", match)
        assert source.released == (1, 1)


def test_a_reader_dropped_half_way_releases_its_stream():
    batches = [rows() for _ in range(3)]
    source = StreamProducer(*batches, schema=struct_of(b"a", b"b"))
    reader = ab.batches(source)
    first = next(reader)
    del reader
    gc.collect()
    assert source.stream.released == 1 and batches[0].released == 0 and first["a"].tolist() == [0, 1, 2]
    del first
    gc.collect()
    assert batches[0].released == 1 and batches[1].released == 0
    closed = StreamProducer(rows(), schema=struct_of(b"a", b"b"))
    with ab.batches(closed) as reader:
        pass
    assert closed.stream.released == 1


# Devices, K-A21.


def on(device, length=3):
    return Array(length, buffers=[None], children=[Array(length), Array(length)], device=device)


HOST = (1, -1, None)


def test_k_a21_tables_come_in_the_structs_of_a_device():
    source = DeviceProducer(struct_of(b"a", b"b"), on(HOST))
    t = ab.table(source)
    assert t["b"].tolist() == [0, 1, 2] and ab.asarray(t["a"]).plan.outcome == "view"
    assert [batch.num_rows for batch in ab.batches(DeviceProducer(struct_of(b"a", b"b"), on(HOST)))] == [3]
    del t
    gc.collect()
    assert source.released == (1, 1)
    stream = DeviceStreamProducer(on(HOST), on(HOST), schema=struct_of(b"a", b"b"))
    assert ab.table(stream)["a"].num_chunks == 2
    stream = DeviceStreamProducer(on(HOST), on(HOST), schema=struct_of(b"a", b"b"))
    reader = ab.batches(stream)
    assert next(reader)["a"].tolist() == [0, 1, 2]
    reader.close()
    assert stream.stream.asked == 1 and stream.stream.released == 1
    column = DeviceProducer(array=Array(device=HOST))
    assert ab.table({"x": column, "y": DeviceStreamProducer(Array(device=HOST))}).to_matrix().shape == (3, 2)
    assert ab.schema(DeviceStreamProducer(schema=struct_of(b"a", b"b"))).names == ["a", "b"]


def test_k_a21_memory_of_a_device_is_carried_in_tables_and_never_read():
    gpu = on((2, 0, None))
    for child in gpu.kept:
        child.place.buffers = pointers([None, 0x1000])
    t = ab.table(DeviceProducer(struct_of(b"a", b"b"), gpu))
    assert ab.asarray(t["a"]).device == "cuda:0" and ab.asarray(t["a"]).address == 0x1000
    for refuse in (t.to_matrix, t.__arrow_c_stream__, t.__arrow_c_device_stream__, lambda: ab.table(t, validate="full")):
        refused(refuse, "device", "cuda:0")


@pytest.mark.parametrize("device, code, match", [((2, 0, 0x10), "stream", "ready after an event"), ((0, 0, None), "malformed", "device of Arrow's")])
def test_k_a21_a_batch_on_no_device_or_with_an_event_is_refused(device, code, match):
    source = DeviceProducer(struct_of(b"a", b"b"), on(device))
    refused(lambda: ab.table(source), code, match)
    assert source.released == (1, 1)
    for door in (ab.table, lambda stream: list(ab.batches(stream))):
        batches = [on(HOST), on(device)]
        stream = DeviceStreamProducer(*batches, schema=struct_of(b"a", b"b"))
        refused(lambda: door(stream), code, match)
        gc.collect()
        assert [batch.released for batch in batches] == [1, 1] and stream.stream.released == 1 and stream.stream.asked == 2


class Alone:
    """Has one method of another object and no other."""

    def __new__(cls, source, method):
        return type("Alone", (), {method: lambda self, requested_schema=None, **words: getattr(source, method)(requested_schema, **words)})()


def test_k_a21_tables_and_readers_go_out_in_the_structs_of_the_host():
    t = ab.table(pair())
    for method in ("__arrow_c_device_array__", "__arrow_c_device_stream__"):
        back = ab.table(Alone(t, method))
        assert back.equals(t) and ab.asarray(back["a"]).address == ab.asarray(t["a"]).address
        capsule = getattr(t, method)(None, stream=None, other=None)
        capsule = capsule[1] if isinstance(capsule, tuple) else capsule
        with pytest.raises(NotImplementedError, match=f"expected no argument stream of {method} but found 1"):
            getattr(t, method)(stream=1)
    pointer = api.PyCapsule_GetPointer(id(capsule), b"arrow_device_array_stream")
    assert ArrowDeviceArrayStream.from_address(pointer).device_type == 1
    array = t.__arrow_c_device_array__()[1]
    struct = ArrowDeviceArray.from_address(api.PyCapsule_GetPointer(id(array), b"arrow_device_array"))
    assert (struct.device_type, struct.device_id, struct.sync_event, struct.array.length) == (1, -1, None, 3)
    two = ab.table(StreamProducer(rows(), rows(), schema=struct_of(b"a", b"b")))
    refused(two.__arrow_c_device_array__, "chunked", "one batch")
    assert ab.table(Alone(two, "__arrow_c_device_stream__"))["a"].num_chunks == 2
    reader = ab.batches(two)
    with pytest.raises(NotImplementedError, match="expected no argument x of"):
        reader.__arrow_c_device_stream__(x=0)
    assert ab.table(Alone(reader, "__arrow_c_device_stream__")).num_rows == 6
    failing = ab.batches(StreamProducer(rows(), (5, b"the disk is gone"), schema=struct_of(b"a", b"b")))
    refused(lambda: ab.table(Alone(failing, "__arrow_c_device_stream__")), "stream-error", "the disk is gone")


# Full validation [C8]. Structure is sound everywhere here; values are not.


def text(*offsets, data=b"ab\xffd", **words):
    """A column of text, as schema and array."""
    memory = (ctypes.c_int32 * len(offsets))(*offsets)
    chars = ctypes.create_string_buffer(data, len(data))
    kept.extend([memory, chars])
    buffers = [None, ctypes.addressof(memory), ctypes.addressof(chars)]
    return Schema(b"u", name=b"t"), Array(len(offsets) - 1, buffers=buffers, **words)


def indices(*numbers):
    memory = (ctypes.c_int8 * len(numbers))(*numbers)
    kept.append(memory)
    return Schema(b"c", name=b"t", dictionary=Schema()), Array(len(numbers), memory=memory, dictionary=Array(2))


kept = []
VALUES = {
    "offsets that fall": (lambda: text(0, 2, 1, 2), "its end lies before its start"),
    "offsets below zero": (lambda: text(-1, 0, 1, 2), "a negative offset"),
    "bytes that are no text": (lambda: text(0, 1, 2, 3), "UTF-8"),
    "an index beyond the dictionary": (lambda: indices(0, 1, 2), "2"),
    "a count of nulls": (lambda: (Schema(name=b"t"), Array(3, null_count=0, validity=b"\1")), "0 nulls, as the array says, but found 2"),
}


def wrong(lie):
    """Two batches of one column: the first is sound, the second lies."""
    schema, array = VALUES[lie][0]()
    sound = Array(0, buffers=[None] * array.struct.n_buffers, dictionary=Array(2) if array.struct.dictionary else None)
    return Schema(b"+s", children=[schema]), rows(0, children=[sound]), rows(3, children=[array])


@pytest.mark.parametrize("lie", VALUES)
def test_full_validation_finds_a_wrong_value_wherever_it_comes_from(lie):
    match = VALUES[lie][1]
    schema, _, batch = wrong(lie)
    source = ArrayProducer(schema, batch)
    t = ab.table(source)
    refused(lambda: ab.table(t, validate="full"), "values", match)
    refused(lambda: ab.table({"x": t["t"]}, validate="full"), "values", match)
    del t
    gc.collect()
    assert source.released == (1, 1)
    schema, first, second = wrong(lie)
    source = StreamProducer(first, second, schema=schema)
    refused(lambda: ab.table(source, validate="full"), "values", match)
    gc.collect()
    assert (first.released, second.released, source.stream.released) == (1, 1, 1)
    for door in (lambda source: ab.batches(source, validate="full"), lambda source: ab.batches(ab.batches(source, validate="full"))):
        schema, first, second = wrong(lie)
        source = StreamProducer(first, second, rows(0), schema=schema)
        reader = door(source)
        assert next(reader).num_rows == 0
        refused(lambda: next(reader), "values", match)
        assert list(reader) == [] and source.stream.asked == 2 and source.stream.released == 1
        gc.collect()
        assert (first.released, second.released) == (1, 1)


@pytest.mark.parametrize("lie", ["offsets that fall", "offsets below zero", "bytes that are no text", "an index beyond the dictionary"])
def test_values_that_are_no_array_are_looked_at_before_they_are_listed(lie):
    schema, _, batch = wrong(lie)
    source = ArrayProducer(schema, batch)
    t = ab.table(source)
    refused(t["t"].tolist, "values", VALUES[lie][1])
    refused(lambda: t.equals(t), "values", VALUES[lie][1])
    del t
    gc.collect()
    assert source.released == (1, 1)


def test_lists_that_reach_beyond_their_values_are_not_listed():
    ends = (ctypes.c_int32 * 3)(0, 2, 80)
    kept.append(ends)
    column = Array(2, buffers=[None, ctypes.addressof(ends)], children=[Array(3)])
    source = ArrayProducer(Schema(b"+l", name=b"l", children=[Schema(name=b"item")]), column)
    t = ab.table({"l": source})
    refused(t["l"].tolist, "values", "reaches beyond the end of its child")
    del t
    gc.collect()
    assert source.released == (1, 1)


def test_full_validation_takes_what_is_sound_and_one_word_alone():
    t = ab.table(pair(), validate="full")
    assert ab.table(t, validate="full") is t
    assert [batch.num_rows for batch in ab.batches([t, t], validate="full")] == [3, 3]
    for door in (ab.table, ab.batches):
        with pytest.raises(ValueError, match="expected validate None or 'full' but found \"half\""):
            door(t, validate="half")


# Traces [C2].


def test_a_trace_sees_what_arrives_by_arrow_and_each_conversion_once():
    with ab.trace() as hops:
        t = ab.table(pair())
    assert [(hop.outcome, hop.protocol, hop.target) for hop in hops] == [("view", "__arrow_c_array__", "Table 3 rows x 2 columns")]
    with ab.trace() as hops:
        ab.table(StreamProducer(rows(), rows(), schema=struct_of(b"a", b"b")))
        ab.table({"x": ArrayProducer()})
    assert [(hop.protocol, hop.target) for hop in hops] == [
        ("__arrow_c_stream__", "Table 6 rows x 2 columns"),
        ("__arrow_c_array__", "Column of 3 rows"),
    ]
    for convert, kept in ((lambda: ab.asarray(t["a"]), "view"), (lambda: ab.asarray(t), "copy"), (lambda: t.to_matrix(), "copy")):
        with ab.trace() as hops:
            convert()
        assert [hop.outcome for hop in hops] == [kept]
    with ab.trace() as hops:
        ab.explain(t["a"]), ab.explain(t), ab.table(t)
    assert hops == []


def test_live_batches_stay_few():
    source = StreamProducer(*(rows() for _ in range(1000)), schema=struct_of(b"a", b"b"))
    most = seen = 0
    for batch in ab.batches(source):
        most, seen = max(most, len(ab.ledger())), seen + batch.num_rows
    assert seen == 3000 and most <= 3
