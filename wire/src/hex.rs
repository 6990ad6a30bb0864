//! Bytes in hexadecimal digits.

/// Two digits for each byte, in small letters.
#[must_use]
pub fn of(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The bytes that these digits stand for, in small letters or capitals. `None` if they are not exactly `N` bytes.
#[must_use]
pub fn read<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let read = base16ct::mixed::decode(digits, &mut bytes).ok()?;
    (read.len() == N).then_some(bytes)
}

/// All bytes that these digits stand for, however many they are.
#[must_use]
pub fn read_all(digits: &str) -> Option<Vec<u8>> {
    base16ct::mixed::decode_vec(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::{of, read, read_all};

    #[test]
    fn bytes_are_read_again_and_other_texts_are_not() {
        assert_eq!(read(&of(&[0, 1, 0xAB, 0xFF])), Some([0, 1, 0xAB, 0xFF]));
        assert_eq!(read("00AbfF"), Some([0, 0xAB, 0xFF]));
        assert_eq!(read_all("00AbfF"), Some(vec![0, 0xAB, 0xFF]));
        assert_eq!(read_all(""), Some(Vec::new()));
        assert_eq!(read_all("00Abf"), None);
        for wrong in [
            "", "0", "0011", "00112", "0011223", "00112233", "+0 1x2", "éé1",
        ] {
            assert_eq!(read::<3>(wrong), None, "{wrong}");
        }
    }
}
