//! `Swap`: byte order, as what must happen to bytes.

use super::DType;

/// What must happen to the bytes of an element before this machine may read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Swap {
    /// Nothing: they are in native order, or order does not matter.
    #[default]
    None,
    /// Each unit of this many bytes is reversed: 8 for a double, 4 for UCS-4 text or a complex of singles.
    Units(usize),
    /// Field by field of a record, in the order of its fields; sub-arrays swap each element.
    Fields(Box<[Swap]>),
}

impl Swap {
    /// Returns true if nothing has to happen.
    pub fn is_none(&self) -> bool {
        match self {
            Swap::None => true,
            Swap::Units(unit) => *unit <= 1,
            Swap::Fields(fields) => fields.iter().all(Swap::is_none),
        }
    }

    /// Reverses the bytes of one element in place, and so turns foreign order into native order or back. What lies
    /// beyond the end of a slice that is too short for the dtype stays as it is.
    pub fn apply(&self, dtype: &DType, element: &mut [u8]) {
        match (self, dtype) {
            (Swap::Units(unit), _) if *unit > 1 => element.chunks_exact_mut(*unit).for_each(<[u8]>::reverse),
            (Swap::Fields(swaps), DType::Record(record)) => {
                for (field, swap) in record.fields().iter().zip(swaps).filter(|(_, swap)| !swap.is_none()) {
                    let (start, itemsize) = (field.offset, field.dtype.itemsize());
                    let end = field.nbytes().and_then(|bytes| start.checked_add(bytes));
                    let Some(part) = end.filter(|_| itemsize > 0).and_then(|end| element.get_mut(start..end)) else {
                        continue;
                    };
                    part.chunks_exact_mut(itemsize).for_each(|element| swap.apply(&field.dtype, element));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Record, parse_descr, parse_format};
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    #[test]
    fn numbers_turn_as_their_own_swap_bytes_does() {
        let cases: [(&str, &[u8], &[u8]); 5] = [
            (">i", &0x0102_0304_i32.to_be_bytes(), &0x0102_0304_i32.to_le_bytes()),
            (">d", &1.5_f64.to_be_bytes(), &1.5_f64.to_le_bytes()),
            (">Zf", &[1, 2, 3, 4, 5, 6, 7, 8], &[4, 3, 2, 1, 8, 7, 6, 5]),
            (">2w", &[0, 0, 0, 65, 0, 0, 0, 66], &[65, 0, 0, 0, 66, 0, 0, 0]),
            (">3s", b"abc", b"abc"),
        ];
        for (format, big, little) in cases {
            let parsed = parse_format(format, Some(big.len())).unwrap();
            let mut bytes = big.to_vec();
            parsed.swap.apply(&parsed.dtype, &mut bytes);
            assert_eq!(bytes, if cfg!(target_endian = "little") { little } else { big }, "{format}");
        }
    }

    #[test]
    fn a_slice_that_is_too_short_is_left_alone_beyond_its_end() {
        let fields = vec![Field::new("a", DType::U16, 0), Field::new("b", DType::U64, 2)];
        let dtype = DType::Record(Arc::new(Record::new(fields, 10).unwrap()));
        let swap = Swap::Fields(Box::new([Swap::Units(2), Swap::Units(8)]));
        let mut bytes = [1, 2, 3, 4];
        swap.apply(&dtype, &mut bytes);
        assert_eq!(bytes, [2, 1, 3, 4]);
        Swap::Units(8).apply(&DType::U64, &mut bytes);
        assert_eq!(bytes, [2, 1, 3, 4]);
    }

    /// Kind and size, and the bytes of a unit: as NumPy's notation says them.
    const KINDS: [(&str, usize, usize); 7] =
        [("u1", 1, 1), ("i2", 2, 2), ("f4", 4, 4), ("c8", 8, 4), ("M8[s]", 8, 8), ("S3", 3, 1), ("U2", 8, 4)];

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn records_turn_field_by_field(members in prop::collection::vec((0usize..7, any::<bool>(), 0usize..4), 1..8)) {
            use super::super::{Descr, DescrEntry};
            let foreign = if cfg!(target_endian = "little") { '>' } else { '<' };
            // The model: every byte of the record with the place where it goes to.
            let (mut entries, mut model) = (Vec::new(), Vec::new());
            for (i, (kind, swaps, count)) in members.into_iter().enumerate() {
                let (name, size, unit) = KINDS[kind];
                let order = if swaps { foreign } else { '=' };
                entries.push(DescrEntry { name: format!("n{i}"), content: Descr::Typestr(format!("{order}{name}")), shape: vec![count] });
                for _ in 0..count * size / unit {
                    let start = model.len();
                    model.extend((0..unit).map(|k| start + if swaps { unit - 1 - k } else { k }));
                }
            }
            let parsed = parse_descr(&entries).unwrap();
            prop_assert_eq!(parsed.dtype.itemsize(), model.len());
            let before: Vec<u8> = (0..model.len()).map(|k| k as u8).collect();
            let mut bytes = before.clone();
            parsed.swap.apply(&parsed.dtype, &mut bytes);
            let wanted: Vec<u8> = model.iter().map(|from| before[*from]).collect();
            prop_assert_eq!(&bytes, &wanted);
            parsed.swap.apply(&parsed.dtype, &mut bytes);
            prop_assert_eq!(bytes, before);
        }
    }
}
