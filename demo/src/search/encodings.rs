//! The forms in which a card number, a name or a date may lie in memory, on a disk or on a wire.

/// One form, and how to make it of the text as people write it: digits without spaces, or a name.
pub struct Encoding {
    pub name: &'static str,
    pub of: fn(&str) -> Vec<u8>,
}

const fn encoding(name: &'static str, of: fn(&str) -> Vec<u8>) -> Encoding {
    Encoding { name, of }
}

/// The forms of a number. "Hex, both cases" is of its value and of its UTF-16: the hex digits of
/// its ASCII and of its BCD have no letters.
pub const OF_NUMBERS: [Encoding; 24] = [
    encoding("ASCII", ascii),
    // The allocator writes over the start of what is freed; fewer digits could be there by chance.
    encoding("ASCII, the last ten digits", |digits| ascii(&digits[6..])),
    encoding("in groups with spaces", |digits| grouped(digits, ' ')),
    encoding("in groups with hyphens", |digits| grouped(digits, '-')),
    encoding("UTF-16 little-endian", |digits| utf16(digits, u16::to_le_bytes)),
    encoding("UTF-16 big-endian", |digits| utf16(digits, u16::to_be_bytes)),
    encoding("UTF-32 little-endian", |digits| {
        digits.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
    }),
    encoding("hex of ASCII", |digits| hex(&ascii(digits))),
    encoding("hex of the integer, lower case", |digits| format!("{:x}", integer(digits)).into_bytes()),
    encoding("hex of the integer, upper case", |digits| format!("{:X}", integer(digits)).into_bytes()),
    encoding("hex of the little-endian integer, lower case", |digits| hex(&integer(digits).to_le_bytes())),
    encoding("hex of the little-endian integer, upper case", |digits| {
        hex(&integer(digits).to_le_bytes()).to_ascii_uppercase()
    }),
    encoding("base64 at offset 0", |digits| base64_within(digits, 0)),
    encoding("base64 at offset 1", |digits| base64_within(digits, 1)),
    encoding("base64 at offset 2", |digits| base64_within(digits, 2)),
    encoding("packed BCD", |digits| pairs(digits, |high, low| high << 4 | low)),
    encoding("packed BCD, nibbles swapped", |digits| pairs(digits, |high, low| low << 4 | high)),
    encoding("unpacked BCD", |digits| digits.bytes().map(|digit| digit - b'0').collect()),
    encoding("reversed", |digits| digits.bytes().rev().collect()),
    encoding("integer little-endian", |digits| integer(digits).to_le_bytes().to_vec()),
    encoding("integer big-endian", |digits| integer(digits).to_be_bytes().to_vec()),
    encoding("variable-length integer", |digits| varint(integer(digits))),
    encoding("variable-length integer, zigzag", |digits| varint(integer(digits) << 1)),
    encoding("floating point", |digits| (integer(digits) as f64).to_le_bytes().to_vec()),
];

/// The forms of a name or a date.
pub const OF_TEXTS: [Encoding; 6] = [
    encoding("as written", ascii),
    encoding("in upper case", |text| text.to_uppercase().into_bytes()),
    encoding("UTF-16 little-endian", |text| utf16(text, u16::to_le_bytes)),
    encoding("UTF-16 big-endian", |text| utf16(text, u16::to_be_bytes)),
    encoding("UTF-16 little-endian, upper case", |text| utf16(&text.to_uppercase(), u16::to_le_bytes)),
    encoding("hex", |text| hex(text.as_bytes())),
];

fn ascii(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn integer(digits: &str) -> u64 {
    digits.parse().expect("16 digits are a number")
}

fn grouped(digits: &str, between: char) -> Vec<u8> {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(between);
        }
        text.push(digit);
    }
    text.into_bytes()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn pairs(digits: &str, pack: fn(u8, u8) -> u8) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().map(|digit| digit - b'0').collect();
    digits.chunks(2).map(|pair| pack(pair[0], pair[1])).collect()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// What is the same in the base64 of every text that has these digits so many bytes after a
/// multiple of three: the characters that no neighbour has a part in.
fn base64_within(digits: &str, offset: usize) -> Vec<u8> {
    let mut text = vec![0; offset];
    text.extend_from_slice(digits.as_bytes());
    let whole = text.len() * 8 / 6;
    base64(&text)[(offset * 8).div_ceil(6)..whole].to_vec()
}

pub fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NUMBER: &str = "9999991234567890";

    fn of(name: &str) -> Vec<u8> {
        (OF_NUMBERS.iter().find(|encoding| encoding.name == name).expect("an encoding").of)(NUMBER)
    }

    #[test]
    fn the_encodings_are_what_their_names_say() {
        for (name, expected) in [
            ("in groups with spaces", &b"9999 9912 3456 7890"[..]),
            ("in groups with hyphens", b"9999-9912-3456-7890"),
            ("hex of ASCII", b"39393939393931323334353637383930"),
            ("hex of the integer, lower case", b"2386f0654b1ed2"),
            ("hex of the integer, upper case", b"2386F0654B1ED2"),
            ("hex of the little-endian integer, lower case", b"d21e4b65f0862300"),
            ("packed BCD", b"\x99\x99\x99\x12\x34\x56\x78\x90"),
            ("packed BCD, nibbles swapped", b"\x99\x99\x99\x21\x43\x65\x87\x09"),
            ("reversed", b"0987654321999999"),
            ("integer little-endian", b"\xd2\x1e\x4b\x65\xf0\x86\x23\x00"),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        assert_eq!(of("UTF-16 little-endian")[..4], *b"9\x009\x00");
        assert_eq!(of("UTF-16 big-endian")[..4], *b"\x009\x009");
        assert_eq!(of("unpacked BCD")[5..9], [9, 1, 2, 3]);
    }

    #[test]
    fn base64_is_found_in_every_text_around_it() {
        assert_eq!(base64(b"any carnal pleas"), b"YW55IGNhcm5hbCBwbGVhcw"[..]);
        for (before, after) in [("", ""), ("x", "yz"), ("xy", "z"), ("xyz", "&"), ("card=", "\n\n")] {
            let text = base64(format!("{before}{NUMBER}{after}").as_bytes());
            let wanted = base64_within(NUMBER, before.len() % 3);
            assert!(wanted.len() >= 20, "{before}");
            assert!(text.windows(wanted.len()).any(|part| part == wanted), "{before}");
        }
    }

    #[test]
    fn no_two_encodings_are_the_same() {
        for number in [NUMBER, "9999990000000014"] {
            let forms: BTreeSet<_> = OF_NUMBERS.iter().map(|encoding| (encoding.of)(number)).collect();
            assert_eq!(forms.len(), OF_NUMBERS.len());
            assert!(forms.iter().all(|form| form.len() >= 8));
        }
    }
}
