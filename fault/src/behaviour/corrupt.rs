use super::{Behaviour, Entry};
use crate::dice::Dice;
use crate::scene::Scene;
use crate::scope::Scope;

pub(super) const ENTRY: Entry = Entry {
    name: "corrupt",
    argument: "",
    what: "sends damaged bytes and bad signatures",
    example: "corrupt@chance=50%",
    needs: Scene::Order,
    make: |_, setting| {
        let dice = setting.dice(b"corrupt");
        Ok(Box::new(Corrupt { dice }))
    },
};

/// Damages everything that it sends, after signing: flips a bit anywhere or in the signature, or cuts off the end.
#[derive(Clone, Debug)]
struct Corrupt {
    dice: Dice,
}

/// How the bytes of a signed message are damaged. The number chooses the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Flips one bit.
    Bit(u64),
    /// Flips one bit of the last 64 bytes. In most messages these are the signature.
    Signature(u64),
    /// Cuts off the end.
    End(u64),
}

impl Damage {
    /// Damages the bytes. Empty bytes stay empty.
    pub fn apply(self, bytes: &mut Vec<u8>) {
        let length = bytes.len() as u64;
        if length == 0 {
            return;
        }
        let (byte, bit) = match self {
            Self::Bit(place) => (place / 8 % length, place % 8),
            Self::Signature(place) => (length - 1 - place / 8 % length.min(64), place % 8),
            Self::End(place) => {
                return bytes.truncate(usize::try_from(place % length).unwrap_or_default());
            }
        };
        if let Some(byte) = usize::try_from(byte).ok().and_then(|at| bytes.get_mut(at)) {
            *byte ^= 1 << bit;
        }
    }
}

impl Behaviour for Corrupt {
    fn damage(&mut self, _scope: Scope) -> Option<Damage> {
        let place = self.dice.below(u64::MAX);
        Some(match self.dice.below(3) {
            0 => Damage::Bit(place),
            1 => Damage::Signature(place),
            _ => Damage::End(place),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Damage;

    #[test]
    fn damage_always_changes_the_bytes() {
        for place in 0..2000 {
            for damage in [
                Damage::Bit(place),
                Damage::Signature(place),
                Damage::End(place),
            ] {
                for length in [1, 63, 64, 200] {
                    let mut bytes = vec![7; length];
                    damage.apply(&mut bytes);
                    assert_ne!(bytes, vec![7; length], "{damage:?}");
                }
            }
        }
        let mut signed = vec![0; 200];
        (0..512).for_each(|place| Damage::Signature(place).apply(&mut signed));
        assert_eq!(signed[..136], [0; 136]);
        assert_eq!(signed[136..], [0xff; 64]);
    }
}
