use super::{Behaviour, Entry};

pub(super) const ENTRY: Entry = Entry {
    name: "amnesia",
    argument: "",
    what: "forgets what it voted when it is started again: the simulator does so, and `server` with the same \
           `--data-dir`",
    example: "amnesia",
    make: |_, _| Ok(Box::new(Amnesia)),
};

/// Comes back with nothing on disk and votes at once, as if it had never voted before: what rule 23 forbids.
#[derive(Debug)]
struct Amnesia;

impl Behaviour for Amnesia {
    fn forgets(&mut self) -> bool {
        true
    }
}
