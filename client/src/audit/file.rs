//! What an audit has found, as a file of JSON Lines. The last line has the digest of all lines before it.

use quorate_protocol::message::{Commit, NewView};
use quorate_protocol::{Digest, Evidence, Signed};
use quorate_wire::hex;
use serde::{Deserialize, Serialize};

use anyhow::{Context as _, bail, ensure};

use super::judge::{Findings, Judge};
use super::keys::PublicKeys;

const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    /// The first line.
    Audit {
        v: u32,
        version: String,
        cluster: String,
        n: u32,
        f: u32,
        checkpoint_interval: u64,
    },
    /// A proof that a process keeps.
    Proof {
        accused: String,
        lie: String,
        what: String,
        bytes: String,
    },
    /// The COMMITs behind a slot at one process.
    Certificate {
        process: String,
        slot: u64,
        view: u64,
        digest: String,
        bytes: String,
    },
    /// A NEW-VIEW.
    NewView {
        view: u64,
        primary: String,
        bytes: String,
    },
    /// Who is proved faulty.
    Culprits { names: Vec<String> },
}

/// The text of the file.
pub(crate) fn write(
    findings: &Findings,
    public: &PublicKeys,
    judge: &Judge,
) -> anyhow::Result<String> {
    let mut text = String::new();
    for line in lines(findings, public, judge) {
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    let end = end_of(&text);
    Ok(text + &end)
}

fn lines(findings: &Findings, public: &PublicKeys, judge: &Judge) -> Vec<Line> {
    let quorum = judge.quorum();
    let mut lines = vec![Line::Audit {
        v: VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: hex::of(&public.cluster),
        n: quorum.n(),
        f: quorum.f(),
        checkpoint_interval: judge.checkpoint_interval(),
    }];
    lines.extend(findings.proofs.iter().map(proof));
    let certificates = findings.certificates.iter();
    lines.extend(certificates.filter_map(|(by, commits)| certificate(by, commits)));
    lines.extend(findings.new_views.iter().map(new_view));
    let names = findings
        .culprits()
        .iter()
        .map(ToString::to_string)
        .collect();
    lines.push(Line::Culprits { names });
    lines
}

fn proof(evidence: &Evidence) -> Line {
    Line::Proof {
        accused: evidence.accused().to_string(),
        lie: evidence.kind().to_string(),
        what: evidence.to_string(),
        bytes: hex::of(&evidence.encode()),
    }
}

fn certificate(by: &str, commits: &[Signed<Commit>]) -> Option<Line> {
    let commit = commits.first()?.value();
    Some(Line::Certificate {
        process: by.to_owned(),
        slot: commit.sequence.0,
        view: commit.view.0,
        digest: hex::of(&commit.digest.0),
        bytes: hex::of(&postcard::to_stdvec(commits).ok()?),
    })
}

fn new_view(new_view: &Signed<NewView>) -> Line {
    Line::NewView {
        view: new_view.value().view.0,
        primary: new_view.signer().to_string(),
        bytes: hex::of(&new_view.encode()),
    }
}

/// The last line.
fn end_of(text: &str) -> String {
    let digest = hex::of(&Digest::of(&[text.as_bytes()]).0);
    format!("{{\"kind\":\"end\",\"digest\":\"{digest}\"}}\n")
}

/// Reads the file, and checks everything in it: the digest, each signature, and that each line says what its bytes say.
///
/// # Errors
/// Something is wrong. Then nothing in the file counts.
pub(crate) fn read(
    bytes: &[u8],
    public: &PublicKeys,
    judge: &mut Judge,
) -> anyhow::Result<Findings> {
    let text = str::from_utf8(bytes).context("it is no text")?;
    let end = text
        .trim_end_matches('\n')
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let (text, end) = text.split_at(end);
    ensure!(
        end == end_of(text),
        "it was changed, or cut off: its digest is not that of its last line"
    );
    let mut said = Vec::new();
    let mut findings = Findings::default();
    for (place, line) in (1..).zip(text.lines()) {
        let line: Line =
            serde_json::from_str(line).with_context(|| format!("line {place} cannot be read"))?;
        add(&mut findings, &line, judge).with_context(|| format!("line {place}"))?;
        said.push(line);
    }
    findings.forensics = judge.forensics(&findings.certificates, &findings.new_views)?;
    let version = |line: &Line| matches!(line, Line::Audit { .. });
    let mut holds = lines(&findings, public, judge);
    // The audit may have been made by another version.
    if let (Some(mine), Some(its)) = (holds.first_mut(), said.first())
        && version(its)
    {
        let Line::Audit { version, .. } = mine else {
            bail!("its first line is missing")
        };
        if let Line::Audit { version: its, .. } = its {
            version.clone_from(its);
        }
    }
    for (place, pair) in (1..).zip(holds.iter().zip(&said)) {
        ensure!(
            pair.0 == pair.1,
            "line {place} says other than its signed messages and the keys"
        );
    }
    ensure!(holds.len() == said.len(), "a line is missing, or too many");
    Ok(findings)
}

fn add(findings: &mut Findings, line: &Line, judge: &mut Judge) -> anyhow::Result<()> {
    let bytes = |digits: &str| hex::read_all(digits).context("hexadecimal digits are expected");
    match line {
        Line::Audit {
            v,
            checkpoint_interval,
            ..
        } => {
            ensure!(*v == VERSION, "another version of this program wrote it");
            let (known, told) = (judge.checkpoint_interval(), checkpoint_interval);
            ensure!(
                known == *told,
                "it is of a cluster that takes a checkpoint every {told} slots, and the keys are of one that takes them every {known}: \
                 pass the keys that `client keys` prints"
            );
        }
        Line::Proof { bytes: digits, .. } => findings.proofs.push(judge.proof(&bytes(digits)?)?),
        Line::Certificate {
            process,
            bytes: digits,
            ..
        } => {
            let commits = judge.certificate(&bytes(digits)?)?;
            findings.certificates.push((process.clone(), commits));
        }
        Line::NewView { bytes: digits, .. } => {
            findings.new_views.push(judge.new_view(&bytes(digits)?)?);
        }
        Line::Culprits { .. } => {}
    }
    Ok(())
}
