//! Downloads and checkouts.

use super::super::instruction::{Add, ImageSource, Instruction, Joining, RunMount, Statement};
use super::StageLowering;
use super::runs::{command, statement};
use crate::base::{ImagePath, Spanned};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Fetch, Git, Target, Unpack, shell};

impl StageLowering<'_, '_> {
    pub(super) fn fetch(&mut self, fetch: &Fetch) {
        match fetch.unpack {
            None if self.is_classic() => self.fetch_by_hand(fetch),
            None => {
                let owner = fetch.owner.as_ref().map(|owner| self.owner(&owner.value));
                self.make_way(&fetch.to.parent(), Some(fetch.mode));
                let add = Add { owner, mode: Some(fetch.mode), ..self.add(fetch, &fetch.to) };
                self.push(Instruction::Add(add));
            }
            Some(unpack) if self.stage.family.has_shell() => self.unpack(fetch, unpack),
            Some(unpack) if unpack.strip == 0 && self.target() == Target::Buildkit && !is_zip(&fetch.url.value) => {
                let owner = fetch.owner.as_ref().map(|owner| self.owner(&owner.value));
                let add = Add { owner, unpack: true, into_directory: true, ..self.add(fetch, &fetch.to) };
                self.push(Instruction::Add(add));
            }
            Some(_) => {
                self.needs_shell("unpacking this");
            }
        }
    }

    fn add(&self, fetch: &Fetch, to: &ImagePath) -> Add {
        Add {
            url: fetch.url.value.clone(),
            checksum: fetch.checksum.as_ref().map(ToString::to_string),
            to: to.clone(),
            into_directory: false,
            owner: None,
            mode: None,
            unpack: false,
        }
    }

    /// The classic builder's ADD neither checks nor sets a mode: a RUN does.
    fn fetch_by_hand(&mut self, fetch: &Fetch) {
        if !self.needs_shell("checking a download with the target `classic`") {
            return;
        }
        let add = Add { checksum: None, ..self.add(fetch, &fetch.to) };
        self.push(Instruction::Add(add));
        let path = fetch.to.as_str();
        let mut statements = checked(fetch, path);
        statements.push(statement(&["chmod", &fetch.mode.to_string(), path]));
        if let Some(owner) = &fetch.owner {
            statements.push(statement(&["chown", &self.owner(&owner.value), path]));
        }
        self.push_statements(statements, Vec::new(), Joining::Never);
    }

    /// The archive is brought by a stage of its own, so that no layer of this one holds it.
    fn unpack(&mut self, fetch: &Fetch, unpack: Unpack) {
        let name = file_name(&fetch.url.value);
        let archive = ImagePath::root().join("tmp").join(name);
        let mut statements = Vec::new();
        let mut mounts = Vec::new();
        if self.is_classic() {
            let add = Add { checksum: None, ..self.add(fetch, &archive) };
            self.push(Instruction::Add(add));
            statements.extend(checked(fetch, archive.as_str()));
        } else {
            let held = ImagePath::root().join(name);
            let stage = self.helper(ImageSource::Scratch, "fetch");
            let add = self.add(fetch, &held);
            self.push_to_helper(Instruction::Add(add));
            mounts.push(RunMount::Bind { from: Some(stage), source: held.to_string(), target: archive.clone() });
        }
        let to = fetch.to.as_str();
        statements.push(statement(&["mkdir", "-p", to]));
        if is_zip(&fetch.url.value) {
            statements.extend(unzip(archive.as_str(), to, unpack));
        } else {
            let strip = format!("--strip-components={}", unpack.strip);
            let mut words = vec!["tar", "-xf", archive.as_str(), "-C", to, "--no-same-owner"];
            if unpack.strip > 0 {
                words.push(&strip);
            }
            statements.push(statement(&words));
        }
        if let Some(owner) = &fetch.owner {
            statements.push(statement(&["chown", "-R", &self.owner(&owner.value), to]));
        }
        if self.is_classic() {
            statements.push(statement(&["rm", archive.as_str()]));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    pub(super) fn git(&mut self, git: &Git) {
        if self.is_classic() {
            self.unsupported("check out a repository", "check it out beside the spec and `copy` it");
            return;
        }
        let Git { url, reference, to, owner } = git;
        self.check_reference(reference);
        let owner = owner.as_ref().map(|owner| self.owner(&owner.value));
        self.push(Instruction::Add(Add {
            url: format!("{}#{}", url.value, reference.value),
            checksum: None,
            to: to.clone(),
            into_directory: true,
            owner,
            mode: None,
            unpack: false,
        }));
    }

    /// In an address, a colon behind the reference begins the path of a subdirectory.
    fn check_reference(&mut self, reference: &Spanned<String>) {
        if reference.value.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control()) {
            let message = format!("`{}` names no branch, tag or commit", reference.value.escape_default());
            self.refuse(Diagnostic::error(&INEXPRESSIBLE_VALUE, reference.span, message));
        }
    }
}

/// Makes sure that the file at `path` is the one that was meant.
fn checked(fetch: &Fetch, path: &str) -> Vec<Statement> {
    let Some(checksum) = &fetch.checksum else { return Vec::new() };
    let checksum = checksum.to_string();
    let hex = checksum.strip_prefix("sha256:").unwrap_or(&checksum);
    let list = "/tmp/sha256sums";
    vec![
        Statement(vec![format!("{} > {list}", command(&["echo", &format!("{hex}  {path}")]))]),
        statement(&["sha256sum", "-c", list]),
        statement(&["rm", list]),
    ]
}

/// `unzip` has no option to drop leading directories.
fn unzip(archive: &str, to: &str, unpack: Unpack) -> Vec<Statement> {
    if unpack.strip == 0 {
        return vec![statement(&["unzip", "-q", archive, "-d", to])];
    }
    let whole = "/tmp/unpacked";
    let levels = "/*".repeat(unpack.strip as usize);
    vec![
        statement(&["unzip", "-q", archive, "-d", whole]),
        Statement(vec![format!("cp -R {whole}{levels}/. {}", shell::quote(to))]),
        statement(&["rm", "-r", whole]),
    ]
}

fn is_zip(url: &str) -> bool {
    file_name(url).ends_with(".zip")
}

/// The last part of an address's path, as far as it is plain.
fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    if is_plain && !name.is_empty() && !name.starts_with('.') { name } else { "archive" }
}
