//! Bytes in hexadecimal digits.

/// Two digits for each byte.
pub fn of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that these digits stand for. `None` if they are not exactly `N` bytes.
pub fn read<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?;
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{of, read};

    #[test]
    fn bytes_are_read_again_and_other_texts_are_not() {
        assert_eq!(read(&of(&[0, 1, 0xAB, 0xFF])), Some([0, 1, 0xAB, 0xFF]));
        assert_eq!(read("00AbfF"), Some([0, 0xAB, 0xFF]));
        for wrong in ["", "0", "00112", "0011223", "00112233", "+0 1x2", "éé1"] {
            assert_eq!(read::<3>(wrong), None, "{wrong}");
        }
    }
}
