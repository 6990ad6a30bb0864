use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fs, io};

use quorate_protocol::message::{Batch, Request};
use quorate_protocol::{
    ClientId, ClusterId, Digest, Keys, Limits, Part, Record, ReplicaId, Sequence, Timestamp, View,
};
use quorate_service::kv::Store;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use redb::{ReadableDatabase as _, ReadableTableMetadata as _};

use super::log::RECORDS;
use super::{NOT_VOTED, Owner, PARTS, Past, Storage};
use crate::common::Common;
use crate::durable;

fn owner() -> Owner {
    Owner {
        cluster: ClusterId([7; 32]),
        process: ReplicaId(0),
        common: common(),
    }
}

pub(super) fn common() -> Common {
    Common {
        checkpoint_interval: 128,
        default_decision: "retreat".to_owned(),
        limits: Limits::for_replicas(4),
    }
}

/// A data directory, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("quorate-storage-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn executed(number: u64) -> Record {
    Record::Executed(Sequence(number))
}

/// Opens a file that `counted` starts are counted beside.
fn open(path: &Path, counted: u64) -> anyhow::Result<(Storage, Past, u64)> {
    Storage::open(path, owner(), counted)
}

/// What is in a file, and how often its process was started before.
fn found(path: &Path, counted: u64) -> (Past, u64) {
    let (_, past, life) = open(path, counted).unwrap();
    (past, life)
}

fn refused(path: &Path, owner: Owner, counted: u64) -> String {
    let refusal = Storage::open(path, owner, counted).unwrap_err();
    let said = format!("{refusal:#}");
    let file = path.display().to_string();
    assert!(
        said.contains(&format!("the data in {file} cannot be used")),
        "{said}"
    );
    said
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_what_to_do() {
    let folder = Folder::new("named");
    let path = folder.file("P.redb");
    fs::create_dir_all(&path).unwrap();
    let said = refused(&path, owner(), 0);
    assert!(said.contains("it must be a file"), "{said}");
    fs::remove_dir(&path).unwrap();
    let (storage, _, _) = open(&path, 0).unwrap();
    let said = refused(&path, owner(), 1);
    assert!(said.contains("another process uses it"), "{said}");
    let begun = storage.database.begin_write().unwrap();
    begun
        .open_table(RECORDS)
        .unwrap()
        .insert(0, &[0xff; 9][..])
        .unwrap();
    begun.commit().unwrap();
    drop(storage);
    let said = refused(&path, owner(), 1);
    assert!(said.contains("it is damaged; move it away"), "{said}");
    fs::remove_dir_all(&folder.0).unwrap();
    fs::write(&folder.0, "").unwrap();
    refused(&path, owner(), 0);
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn a_file_without_a_head_is_a_damaged_one() {
    let folder = Folder::new("headless");
    let path = folder.file("P.redb");
    durable::create_folder(&folder.0).unwrap();
    let damage: [&dyn Fn(); 3] = [
        &|| fs::write(&path, "").unwrap(),
        &|| fs::write(&path, "nonsense").unwrap(),
        &|| {
            fs::remove_file(&path).unwrap();
            drop(super::builder().create(&path).unwrap());
        },
    ];
    for spoil in damage {
        spoil();
        for counted in [0, 3] {
            let said = refused(&path, owner(), counted);
            assert!(said.contains("it is damaged; move it away"), "{said}");
        }
    }
}

#[test]
fn records_come_back_in_order_and_replaced_ones_do_not() {
    let folder = Folder::new("order");
    let path = folder.file("P.redb");
    let (mut storage, past, _) = open(&path, 0).unwrap();
    assert_eq!(past, Past::None);
    storage.add(&[executed(1), executed(2)]).unwrap();
    storage.add(&[executed(3)]).unwrap();
    drop(storage);
    let (mut storage, records, _) = open(&path, 1).unwrap();
    let all = vec![NOT_VOTED, executed(1), executed(2), executed(3)];
    assert_eq!(records, Past::Kept(all));
    storage.replace(&[executed(7)]).unwrap();
    storage.add(&[executed(8)]).unwrap();
    drop(storage);
    let kept = Past::Kept(vec![executed(7), executed(8)]);
    assert_eq!(found(&path, 2), (kept, 2));
}

#[test]
fn a_process_that_ended_before_it_sent_anything_has_lost_nothing() {
    let folder = Folder::new("nothing-sent");
    let path = folder.file("P.redb");
    durable::create_folder(&folder.0).unwrap();
    // It ended while it made the file.
    fs::write(folder.file("P.new"), "half").unwrap();
    assert_eq!(found(&path, 0), (Past::None, 0));
    assert!(!folder.file("P.new").exists());
    // It ended before the start was counted beside the file.
    let kept = Past::Kept(vec![NOT_VOTED]);
    assert_eq!(found(&path, 0), (kept, 1));
}

#[test]
fn a_file_that_is_missing_although_starts_are_counted_is_lost_until_more_is_written() {
    let folder = Folder::new("lost");
    let path = folder.file("P.redb");
    assert_eq!(found(&path, 3), (Past::Lost, 3));
    assert_eq!(found(&path, 4), (Past::Lost, 4));
    let (mut storage, _, life) = open(&path, 5).unwrap();
    assert_eq!(life, 5);
    let votes = Record::VotesFrom(View(4));
    storage.add(std::slice::from_ref(&votes)).unwrap();
    drop(storage);
    let kept = Past::Kept(vec![Record::Silent, votes]);
    assert_eq!(found(&path, 6), (kept, 6));
}

#[test]
fn starts_that_are_counted_in_the_file_alone_are_known() {
    let folder = Folder::new("counted");
    let path = folder.file("P.redb");
    for life in 0..4 {
        assert_eq!(found(&path, 0).1, life);
    }
}

#[test]
fn an_old_copy_is_refused() {
    let folder = Folder::new("old-copy");
    let path = folder.file("P.redb");
    drop(open(&path, 0).unwrap());
    let copy = fs::read(&path).unwrap();
    drop(open(&path, 1).unwrap());
    fs::write(&path, copy).unwrap();
    let said = refused(&path, owner(), 2);
    assert!(said.contains("it is an old copy: 1 starts"), "{said}");
    assert!(said.contains("move this one away"), "{said}");
}

#[test]
fn the_file_of_another_process_cluster_or_with_other_rules_is_refused_and_keeps_its_records() {
    let folder = Folder::new("others");
    let path = folder.file("P.redb");
    let (mut storage, _, _) = open(&path, 0).unwrap();
    storage.add(&[executed(1)]).unwrap();
    drop(storage);
    let others = [
        (
            Owner {
                process: ReplicaId(1),
                ..owner()
            },
            "process P in cluster 07070707, and this is process Q in cluster 07070707: put each file back",
        ),
        (
            Owner {
                cluster: ClusterId([0xab; 32]),
                ..owner()
            },
            "process P in cluster 07070707, and this is process P in cluster abababab: put each file back",
        ),
        (
            Owner {
                common: Common {
                    checkpoint_interval: 10,
                    ..common()
                },
                ..owner()
            },
            "a checkpoint every 128 slots, and this start asks for one every 10: start with ckpt_interval 128 again",
        ),
        (
            Owner {
                common: Common {
                    default_decision: "attack".to_owned(),
                    ..common()
                },
                ..owner()
            },
            "made with the default decision 'retreat', and this start asks for 'attack': start with --default-decision 'retreat' again",
        ),
        (
            Owner {
                common: Common {
                    limits: Limits::for_replicas(31),
                    ..common()
                },
                ..owner()
            },
            "made with other limits of bytes",
        ),
    ];
    for (other, words) in others {
        for counted in [0, 1] {
            let said = refused(&path, other.clone(), counted);
            assert!(said.contains(words), "{said}");
        }
    }
    let kept = Past::Kept(vec![NOT_VOTED, executed(1)]);
    assert_eq!(found(&path, 1), (kept, 1));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let folder = Folder::new("version");
    let path = folder.file("P.redb");
    let (storage, _, _) = open(&path, 0).unwrap();
    storage
        .commit(|begun| {
            let head: &[u8] = br#"{"v":99,"owner":"more than this version knows"}"#;
            begun.open_table(super::ABOUT)?.insert(super::HEAD, head)?;
            Ok(())
        })
        .unwrap();
    drop(storage);
    let said = refused(&path, owner(), 1);
    assert!(said.contains("another version of this program"), "{said}");
}

/// A stable checkpoint whose state has these parts.
fn stable(parts: &[Part]) -> Record {
    let digests: Vec<Digest> = parts.iter().map(Part::digest).collect();
    let (variant, proof) = (1_u32, Vec::<u8>::new());
    let (horizon, replies) = (Sequence(0), Vec::<Digest>::new());
    let bytes = postcard::to_stdvec(&(variant, proof, horizon, replies, digests)).unwrap();
    let by_digest: BTreeMap<_, _> = parts.iter().map(|part| (part.digest(), part)).collect();
    Record::decode(&bytes, |digest| by_digest.get(&digest).copied().cloned()).unwrap()
}

fn stable_of(parts: [&[u8]; 2]) -> Record {
    stable(&parts.map(Part::from))
}

/// A disk in memory that counts the bytes that it is given, and that can be full.
#[derive(Clone, Debug, Default)]
struct Counting {
    memory: Arc<InMemoryBackend>,
    written: Arc<AtomicUsize>,
    full: Arc<AtomicBool>,
}

impl Counting {
    fn open(&self) -> Storage {
        Storage::over(super::builder().create_with_backend(self.clone()).unwrap())
    }
}

impl StorageBackend for Counting {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.written.fetch_add(data.len(), Ordering::Relaxed);
        self.memory.write(offset, data)
    }
}

/// A storage whose written bytes are counted.
fn counted() -> (Storage, Arc<AtomicUsize>) {
    let disk = Counting::default();
    (disk.open(), disk.written)
}

#[test]
fn a_full_disk_is_named_and_keeps_what_was_there() {
    let disk = Counting::default();
    let mut storage = disk.open();
    let kept = [stable_of([b"same", b"old"]), executed(1)];
    storage.add(&kept).unwrap();
    let other = [stable_of([b"same", b"new"]), executed(2)];
    for replace in [true, false] {
        disk.full.store(true, Ordering::Relaxed);
        let failed = if replace {
            storage.replace(&other)
        } else {
            storage.add(&other)
        };
        let said = format!("{:#}", failed.unwrap_err());
        assert!(said.contains("no storage space"), "{said}");
        drop(storage);
        disk.full.store(false, Ordering::Relaxed);
        storage = disk.open();
        assert_eq!(storage.read().unwrap(), kept);
    }
}

#[test]
fn a_checkpoint_of_20_mb_with_one_changed_key_writes_less_than_1_mb() {
    let mut store = Store::default();
    let value = "v".repeat(4000);
    for key in 0..5200 {
        store.execute(&format!("set key{key}={value}"));
    }
    let (mut storage, written) = counted();
    storage.replace(&[stable(&store.snapshot())]).unwrap();
    let first = written.swap(0, Ordering::Relaxed);
    assert!(first > 20_000_000, "{first} bytes");
    store.execute("set key7=changed");
    let second = [stable(&store.snapshot()), executed(1)];
    storage.replace(&second).unwrap();
    let bytes = written.load(Ordering::Relaxed);
    assert!((1..1_000_000).contains(&bytes), "{bytes} bytes");
    assert!(storage.read().unwrap() == second, "they come back");
}

#[test]
fn records_that_stay_are_not_written_again_when_others_go() {
    let (mut storage, written) = counted();
    let keys = Keys::simulated(ReplicaId(0), 4, ClusterId([7; 32]));
    let make = |sequence: u64| {
        let client = ClientId::from(ReplicaId(0));
        let request = Request::new(client, Timestamp(sequence), vec![7; 1_000_000]);
        let requests = vec![keys.sign(request).into_signed()];
        Record::Body {
            sequence: Sequence(sequence),
            batch: Batch::new(requests),
        }
    };
    let made = [1, 2].map(make);
    let large = |sequence: usize| made[sequence - 1].clone();
    storage
        .add(&[executed(1), large(1), executed(2), large(2)])
        .unwrap();
    let first = written.swap(0, Ordering::Relaxed);
    assert!(first > 2_000_000, "{first} bytes");
    let orders = [
        vec![large(2), executed(3), large(1)],
        vec![executed(3), large(1), executed(4), large(2)],
        vec![large(1), large(2), large(1), large(2)],
        vec![executed(5), large(2), executed(5)],
    ];
    for mut records in orders {
        storage.replace(&records).unwrap();
        assert!(
            storage.read().unwrap() == records,
            "they come back in order"
        );
        storage.add(&[executed(6), executed(6)]).unwrap();
        records.extend([executed(6), executed(6)]);
        assert!(storage.read().unwrap() == records, "so do later ones");
    }
    let bytes = written.load(Ordering::Relaxed);
    assert!((1..1_000_000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn a_part_is_written_once_and_goes_with_the_last_record_that_names_it() {
    let folder = Folder::new("parts");
    let path = folder.file("P.redb");
    let (mut storage, _, _) = open(&path, 0).unwrap();
    let written = |storage: &Storage| {
        let begun = storage.database.begin_read().unwrap();
        begun.open_table(PARTS).unwrap().len().unwrap()
    };
    let first = stable_of([b"same", b"old"]);
    storage.add(std::slice::from_ref(&first)).unwrap();
    assert_eq!(written(&storage), 2);
    let second = stable_of([b"same", b"new"]);
    storage.add(std::slice::from_ref(&second)).unwrap();
    assert_eq!(written(&storage), 3);
    drop(storage);
    let (mut storage, past, _) = open(&path, 1).unwrap();
    assert_eq!(past, Past::Kept(vec![NOT_VOTED, first, second.clone()]));
    storage.replace(std::slice::from_ref(&second)).unwrap();
    assert_eq!(written(&storage), 2);
    drop(storage);
    assert_eq!(found(&path, 2).0, Past::Kept(vec![second]));
    let (storage, _, _) = open(&path, 3).unwrap();
    let begun = storage.database.begin_write().unwrap();
    let same = Part::from(&b"same"[..]).digest();
    begun.open_table(PARTS).unwrap().remove(same.0).unwrap();
    begun.commit().unwrap();
    drop(storage);
    let said = refused(&path, owner(), 4);
    assert!(said.contains("it is damaged; move it away"), "{said}");
    assert!(said.contains("missing or changed"), "{said}");
}

#[test]
fn a_cut_or_changed_file_is_either_refused_or_read_as_it_was_written() {
    let folder = Folder::new("damaged");
    let path = folder.file("P.redb");
    let (mut storage, _, _) = open(&path, 0).unwrap();
    for sequence in 1..100 {
        storage.add(&[executed(sequence)]).unwrap();
    }
    drop(storage);
    let (written, _) = found(&path, 1);
    let whole = fs::read(&path).unwrap();
    let cuts = (1..20).map(|part| whole[..part * whole.len() / 20].to_vec());
    let flips = (0..whole.len()).step_by(whole.len() / 150 + 1).map(|at| {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        changed
    });
    let mut refused = 0;
    for bytes in cuts.chain(flips) {
        fs::write(&path, bytes).unwrap();
        match open(&path, 2) {
            Ok((_, past, _)) => assert_eq!(past, written),
            Err(error) => {
                let error = format!("{error:#}");
                assert!(error.contains("it is damaged; move it away"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
}
