"""What lying producers of Arrow say: of arrays and of schemas, each with the code and the words of its refusal.

Marks are those of the checklist of Arrow's C interfaces: K-A1 to K-A23.
"""

import struct

from arrow_producer import Array, Schema, metadata

#: The words of an `Array`, three doubles that lie.
LIES = {
    "k_a4_nulls_without_bitmap": (dict(null_count=2), "malformed", "validity bitmap for 2 nulls but found NULL"),
    "k_a8_released_array": (dict(release=False), "released", "live ArrowArray"),
    "k_a12_too_few_buffers": (dict(n_buffers=1), "malformed", "2 buffers for format 'g' but found 1"),
    "k_a12_too_many_buffers": (dict(n_buffers=3), "malformed", "2 buffers for format 'g' but found 3"),
    "k_a12_no_list_of_buffers": (dict(buffers=None, n_buffers=2), "malformed", "found NULL"),
    "k_a12_negative_buffers": (dict(n_buffers=-1), "malformed", "found -1"),
    "k_a13_negative_length": (dict(length=-1), "malformed", "elements but found -1"),
    "k_a13_negative_offset": (dict(offset=-8), "malformed", "found -8"),
    "k_a13_null_count_below": (dict(null_count=-2), "malformed", "-1 to 3 but found -2"),
    "k_a13_null_count_above": (dict(null_count=4), "malformed", "-1 to 3 but found 4"),
    "k_a6_offset_past_memory": (dict(offset=2**62), "span-overflow", "within memory"),
    "k_a6_length_past_memory": (dict(length=2**62), "span-overflow", "within memory"),
    "k_a1_no_values": (dict(buffers=[None, None]), "null-data", "buffer 1 but found NULL"),
    "children_of_a_number": (dict(n_children=1), "malformed", "0 children"),
    "dictionary_of_a_number": (dict(dictionary=Array()), "malformed", "no dictionary"),
}


def deep(levels):
    schema = Schema()
    for _ in range(levels):
        schema = Schema(b"+w:1", children=[schema])
    return schema


#: What makes a `Schema` that lies about three doubles, or one that is no array's.
SCHEMAS = {
    "k_a8_released_schema": (lambda: Schema(release=False), "released", "live ArrowSchema"),
    "no_format": (lambda: Schema(None), "malformed", "format string but found NULL"),
    "format_of_no_text": (lambda: Schema(b"\xff"), "malformed", "UTF-8"),
    "unknown_format": (lambda: Schema(b"?!"), "not-numeric", "no array"),
    "empty_format": (lambda: Schema(b""), "not-numeric", "no array"),
    "k_a13_negative_children": (lambda: Schema(n_children=-1), "malformed", "-1"),
    "missing_children": (lambda: Schema(b"+w:2", children=[None]), "malformed", "child schema but found NULL"),
    "too_few_children": (lambda: Schema(b"+w:2"), "malformed", "1 children"),
    "no_list_of_children": (lambda: Schema(b"+w:2", n_children=1), "malformed", "NULL"),
    "children_without_end": (lambda: Schema(b"+s", n_children=2**40), "limit", "fields"),
    "depth_bomb": (lambda: deep(70), "limit", "64 levels"),
    **{
        f"{format.decode()} has other parameters than its kind": (lambda format=format: Schema(format), "malformed", "parameters of its kind")
        for format in (b"+w:-1", b"+w:99999999999", b"+w:", b"w:-1", b"w:x", b"d:999,5", b"d:10", b"d:9,2,33", b"tsu", b"+us:1,,2")
    },
    "metadata_of_negative_count": (lambda: Schema(meta=struct.pack("=i", -1)), "malformed", "-1"),
    "metadata_of_negative_length": (lambda: Schema(meta=struct.pack("=ii", 1, -5)), "malformed", "-5"),
    "metadata_too_long": (lambda: Schema(meta=struct.pack("=iii", 1, 0, 2**30)), "limit", "metadata"),
    "dictionary_of_doubles": (lambda: Schema(dictionary=Schema(b"u")), "malformed", "integers"),
    "k_a17_text": (lambda: Schema(b"u"), "malformed", "3 buffers"),
    "k_a17_decimal": (lambda: Schema(b"d:10,2"), "not-numeric", "decimal128"),
    "k_a17_zone": (lambda: Schema(b"tsu:UTC"), "not-numeric", "UTC"),
    "k_a17_extension": (lambda: Schema(meta=metadata((b"ARROW:extension:name", b"me"))), "not-numeric", "extension<me>"),
}
