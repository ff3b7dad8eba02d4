use super::*;

#[test]
fn every_scalar_is_found_by_its_name_and_by_its_triple() {
    for (scalar, name) in scalar::TABLE {
        let dtype = DType::Scalar(scalar);
        assert_eq!(dtype.name(), name);
        assert_eq!(DType::from_name(name), Some(dtype.clone()));
        let (code, bits, lanes) = dtype.dlpack().unwrap();
        assert_eq!(DType::from_dlpack(code, bits, lanes), Some(dtype.clone()));
        let four = DType::from_dlpack(code, bits, 4).unwrap();
        assert_eq!(DType::from_name(&format!("{name}x4")), Some(four.clone()));
        assert_eq!(four.bits(), dtype.bits() * 4);
        assert!(dtype.alignment() >= 1 && dtype.itemsize().is_multiple_of(dtype.alignment()));
    }
}

#[test]
fn what_dlpack_does_not_define_is_no_dtype() {
    for (code, bits, lanes) in
        [(1, 12, 1), (3, 64, 1), (6, 1, 1), (17, 8, 1), (15, 8, 1), (19, 8, 1), (2, 64, 0), (2, 0, 1)]
    {
        assert_eq!(DType::from_dlpack(code, bits, lanes), None, "({code}, {bits}, {lanes})");
    }
}

#[test]
fn names_of_times_and_widths_come_back() {
    for name in ["datetime64[ns]", "datetime64[10us]", "timedelta64[D]", "datetime64", "bytes[5]", "str[3]", "void[0]"]
    {
        assert_eq!(DType::from_name(name).unwrap().name(), name);
    }
    for name in
        ["datetime64[0ns]", "datetime64[xs]", "bytes", "str[-1]", "float64x1", "float64x0", "", "x", "x4", "[ns]"]
    {
        assert_eq!(DType::from_name(name), None, "{name:?}");
    }
}

#[test]
fn a_record_whose_field_leaves_it_is_refused_with_the_numbers() {
    let fields = || vec![Field::new("id", DType::U8, 0), Field::new("x", DType::F64, 1)];
    assert_eq!(Record::new(fields(), 9).unwrap().alignment(), 1);
    let error = Record::new(fields(), 8).unwrap_err();
    assert_eq!(error.to_string(), "expected field \"x\" to end within 8 bytes but found its end at 9");
    let huge = Field { shape: Box::new([usize::MAX, 2]), ..Field::new("y", DType::U8, 0) };
    assert!(Record::new(vec![huge], 8).unwrap_err().to_string().contains("overflows"));
    let twice = vec![Field::new("a", DType::U8, 0), Field::new("a", DType::U8, 1)];
    assert_eq!(Record::new(twice, 2), Err(RecordError::DuplicateName("a".into())));
}

#[test]
fn a_swap_of_single_bytes_is_none() {
    assert!(Swap::Units(1).is_none() && !Swap::Units(2).is_none());
    assert!(Swap::Fields(Box::new([Swap::None, Swap::Units(1)])).is_none());
    assert!(!Swap::Fields(Box::new([Swap::None, Swap::Units(8)])).is_none());
}
