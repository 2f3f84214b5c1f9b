//! Bases for the sets: made of the archive's own stanzas, or statuses of real images.

use crate::root::Root;
use crate::sets;
use imgspec::resolve::apt::{Closure, Installed, Universe};
use std::path::Path;

/// A base.
pub struct Base {
    /// Its name.
    pub name: String,
    /// What it has.
    pub installed: Installed,
    /// What could be installed on it.
    pub universe: Universe,
}

impl Base {
    fn new(root: &Root, name: &str, installed: Installed) -> Self {
        let universe = Universe::new(&root.indexes, &installed).unwrap_or_else(|why| panic!("{name}: {why}"));
        Self { name: format!("{}-{}-{name}", root.release, root.architecture), installed, universe }
    }
}

/// All bases of a release.
pub fn of(root: &Root) -> Vec<Base> {
    let mut bases = vec![minimal(root), with_more(root)];
    if let Some(directory) = std::env::var_os("IMGSPEC_APT_BASES").filter(|_| root.architecture == "amd64") {
        let mut entries: Vec<_> =
            std::fs::read_dir(directory).expect("bases").map(|entry| entry.expect("an entry")).collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&root.release) && !name.ends_with(".states") {
                bases.push(Base::new(root, &name, read(&entry.path())));
            }
        }
    }
    bases
}

fn read(path: &Path) -> Installed {
    let states = std::fs::read(format!("{}.states", path.display())).unwrap_or_default();
    Installed {
        status: std::fs::read(path).expect("a status").into(),
        extended_states: states.into(),
        preferences: Vec::new(),
    }
}

/// What `debootstrap --variant=minbase` has: all that is essential, and apt.
pub fn minimal(root: &Root) -> Base {
    let empty = Universe::new(&root.indexes, &Installed::default()).expect("an empty base");
    let asked = sets::parse(
        "base-files base-passwd bash bsdutils coreutils dash debianutils diffutils dpkg findutils grep gzip \
        hostname init-system-helpers libc-bin login ncurses-base ncurses-bin perl-base sed sysvinit-utils tar util-linux apt \
        debian-archive-keyring",
    );
    let closure = empty.closure(&asked).unwrap_or_else(|why| panic!("{why}"));
    Base::new(root, "minimal", installed(root, &closure, &[], &[]))
}

/// The same with more packages, of which some are held, some automatic, and some of an older version.
fn with_more(root: &Root) -> Base {
    let minimal = minimal(root);
    let asked =
        sets::parse("ca-certificates curl git python3 libssl3 perl openssl postgresql-client default-mta ucf less");
    let more = minimal.universe.closure(&asked).unwrap_or_else(|_| {
        let asked = sets::parse("ca-certificates curl git python3 perl openssl postgresql-client default-mta ucf less");
        minimal.universe.closure(&asked).expect("more")
    });
    let installed = installed(root, &more, &["less", "python3", "libexpat1"], &["openssl", "ucf", "ca-certificates"]);
    let status = [&minimal.installed.status[..], &installed.status[..]].concat();
    Base::new(root, "more", Installed { status: status.into(), ..installed })
}

/// A status of a closure's packages.
fn installed(root: &Root, closure: &Closure, held: &[&str], old: &[&str]) -> Installed {
    let (mut status, mut states) = (String::new(), String::new());
    for chosen in &closure.packages {
        let stanza = root.stanza(&chosen.name, &chosen.version);
        let want = if held.contains(&chosen.name.as_str()) { "hold" } else { "install" };
        let (first, rest) = stanza.split_once('\n').expect("a stanza");
        status.push_str(&format!("{first}\nStatus: {want} ok installed\n"));
        for line in rest.lines() {
            match line.strip_prefix("Version: ") {
                // A version that is lower than all of the archive's.
                Some(version) if old.contains(&chosen.name.as_str()) => {
                    status.push_str(&format!("Version: {version}~old\n"))
                }
                _ => status.push_str(&format!("{line}\n")),
            }
        }
        status.push('\n');
        if !chosen.asked {
            states.push_str(&format!(
                "Package: {}\nArchitecture: {}\nAuto-Installed: 1\n\n",
                chosen.name, root.architecture
            ));
        }
    }
    Installed {
        status: status.into_bytes().into(),
        extended_states: states.into_bytes().into(),
        preferences: Vec::new(),
    }
}
