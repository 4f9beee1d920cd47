//! Tables of numbers from npz files.

use super::super::columns::{self, Column};
use super::super::problem::Findings;
use npyz::WriterBuilder as _;
use std::io::Cursor;

const WANTED: [Column; 3] = [
    Column { name: "source", required: true },
    Column { name: "target", required: true },
    Column { name: "weight", required: false },
];

type Archive = zip::ZipWriter<Cursor<Vec<u8>>>;

fn add<T: npyz::AutoSerialize + Copy>(npz: &mut Archive, name: &str, values: &[T]) {
    npz.start_file(format!("{name}.npy"), Default::default()).unwrap();
    let array = npyz::WriteOptions::new().default_dtype().shape(&[values.len() as u64]);
    let mut array = array.writer(npz).begin_nd().unwrap();
    array.extend(values.iter().copied()).unwrap();
    array.finish().unwrap();
}

fn archive(fill: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut npz = zip::ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut npz);
    npz.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Result<Vec<Option<Vec<f64>>>, String> {
    let mut findings = Findings::default();
    let table = columns::read("e.npz", "p", bytes, &WANTED, &mut findings);
    match table {
        Some(table) => Ok(table.columns),
        None => Err(findings.placed.iter().map(|problem| problem.message()).collect()),
    }
}

#[test]
fn arrays_of_all_kinds_are_read() {
    let bytes = archive(|npz| {
        add(npz, "source", &[0i64, 5]);
        add(npz, "target", &[1u32, 2]);
        add(npz, "weight", &[0.5f32, -1.0]);
    });
    let expected = vec![Some(vec![0.0, 5.0]), Some(vec![1.0, 2.0]), Some(vec![0.5, -1.0])];
    assert_eq!(read(&bytes), Ok(expected));
    let bytes = archive(|npz| {
        add(npz, "source", &[0i32]);
        add(npz, "target", &[1u64]);
    });
    assert_eq!(read(&bytes), Ok(vec![Some(vec![0.0]), Some(vec![1.0]), None]));
}

#[test]
fn broken_archives_are_refused() {
    let refused = |bytes: &[u8], why: &str| {
        let message = read(bytes).unwrap_err();
        assert!(message.contains(why), "{message}");
    };
    refused(b"not a zip", "S026".trim_start_matches("S026"));
    refused(&archive(|npz| add(npz, "source", &[1i32])), "`target` is missing");
    let uneven = archive(|npz| {
        add(npz, "source", &[1i32]);
        add(npz, "target", &[1i32, 2]);
    });
    refused(&uneven, "different lengths");
    let extra = archive(|npz| {
        add(npz, "source", &[1i32]);
        add(npz, "target", &[1i32]);
        add(npz, "wait", &[1i32]);
    });
    refused(&extra, "no array `wait`");
    let small = archive(|npz| {
        add(npz, "source", &[1i16]);
        add(npz, "target", &[1i32]);
    });
    refused(&small, "i2");
    let nan = archive(|npz| {
        add(npz, "source", &[f64::NAN]);
        add(npz, "target", &[1i32]);
    });
    refused(&nan, "NaN");
    let good = archive(|npz| {
        add(npz, "source", &[1i32; 50]);
        add(npz, "target", &[1i32; 50]);
    });
    for end in 0..good.len() {
        assert!(read(&good[..end]).is_err(), "cut at {end}");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        let _ = read(&bytes);
    }
}
