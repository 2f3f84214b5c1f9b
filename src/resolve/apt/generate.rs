//! Packages of stanzas, in the order in which apt finds them (apt 2.6, `pkgcachegen.cc` and `deblistparser.cc`). Numbers of
//! packages are seen in the answer: of two providers that are alike in all else, the one with the higher number is taken.

use super::Flaw;
use super::cache::{
    ALL, ALLOWED, Cache, Depend, FOREIGN, Group, IN_STATUS, Kind, NONE, Package, Provide, SAME, Version,
};
use super::relation::{Compare, Relation, Relations};
use super::stanza::{Field, Stanza, Stanzas, is_blank};
use super::text::{Piece, Texts};
use std::sync::Arc;

/// The fields of dependencies in apt's order, and what they are kept as. Others only name packages.
const DEPENDENCIES: [(Field, Option<Kind>); 8] = [
    (Field::PreDepends, Some(Kind::PreDepends)),
    (Field::Depends, Some(Kind::Depends)),
    (Field::Conflicts, Some(Kind::Conflicts)),
    (Field::Breaks, Some(Kind::Breaks)),
    (Field::Recommends, Some(Kind::Recommends)),
    (Field::Suggests, None),
    (Field::Replaces, None),
    (Field::Enhances, None),
];

/// A file that is being read.
struct File<'a> {
    bytes: &'a [u8],
    place: u32,
    /// The number of the index, or [`IN_STATUS`].
    index: u16,
}

impl File<'_> {
    fn piece(&self, bytes: &[u8]) -> Piece {
        Texts::piece_of(self.place, self.bytes, bytes)
    }
}

impl Cache {
    /// Adds the packages of an index (`pkgCacheGenerator::MergeList`).
    pub fn add_index(&mut self, index: u16, bytes: &Arc<[u8]>) -> Result<(), Flaw> {
        let file = File { bytes, place: self.texts.add(bytes)?, index };
        for stanza in Stanzas::new(bytes) {
            let name = checked_name(&stanza)?;
            // A stanza without a version says something of a package that nothing here asks for.
            if stanza.get(Field::Version).is_empty() {
                continue;
            }
            // Packages of other architectures are other packages, and none of them is installed.
            if !self.is_native(&stanza) {
                continue;
            }
            let package = self.named(file.piece(name));
            self.merge_version(&file, &stanza, package)?;
        }
        Ok(())
    }

    /// Adds the packages of dpkg's status: each stanza is given to `status` with its package and the number of its version,
    /// if it has one.
    pub fn add_status(
        &mut self,
        bytes: &Arc<[u8]>,
        mut status: impl FnMut(&mut Self, &Stanza<'_>, u32, Option<u32>) -> Result<(), Flaw>,
    ) -> Result<(), Flaw> {
        let file = File { bytes, place: self.texts.add(bytes)?, index: IN_STATUS };
        for stanza in Stanzas::new(bytes) {
            let name = checked_name(&stanza)?;
            if !self.is_native(&stanza) {
                // What is not installed any more has its stanza, too.
                if stanza.get(Field::Status).ends_with(b" not-installed") {
                    continue;
                }
                let architecture = String::from_utf8_lossy(stanza.get(Field::Architecture)).into_owned();
                let name = stanza.name();
                return Err(Flaw(format!(
                    "the base has `{name}` of the architecture `{architecture}`, which is not followed"
                )));
            }
            let package = self.named(file.piece(name));
            let version = match stanza.get(Field::Version) {
                b"" => None,
                _ => Some(self.merge_version(&file, &stanza, package)?),
            };
            status(self, &stanza, package, version)?;
        }
        Ok(())
    }

    fn is_native(&self, stanza: &Stanza<'_>) -> bool {
        matches!(stanza.get(Field::Architecture), architecture if architecture == b"all" || architecture == self.architecture.as_bytes())
    }

    /// `pkgCacheGenerator::MergeListVersion`: the version of a stanza, which may be there already.
    fn merge_version(&mut self, file: &File<'_>, stanza: &Stanza<'_>, package: u32) -> Result<u32, Flaw> {
        let text = stanza.get(Field::Version);
        let (mut before, mut at) = (NONE, self.package(package).versions);
        while at != NONE {
            let other = *self.version(at);
            let order = crate::base::compare_deb_versions(text, self.texts.get(other.text));
            if order.is_gt() {
                break;
            }
            if order.is_eq() {
                if self.is_same(stanza, &other) {
                    self.use_package(stanza, package);
                    if file.index != IN_STATUS {
                        self.more_indexes.push((at, file.index));
                    }
                    return Ok(at);
                }
                if file.index != IN_STATUS && other.index == IN_STATUS {
                    break;
                }
            }
            (before, at) = (at, self.next[at as usize]);
        }
        let version = self.new_version(file, stanza, package, at);
        match before {
            NONE => self.packages[package as usize].versions = version,
            before => self.next[before as usize] = version,
        }
        self.fill_version(file, stanza, version)?;
        self.use_package(stanza, package);
        Ok(version)
    }

    /// `SameVersion`: whether two stanzas of the same version are of the same package file.
    fn is_same(&self, stanza: &Stanza<'_>, version: &Version) -> bool {
        let Some(other) = Stanza::parse(self.texts.get(version.stanza)) else { return false };
        let size = stanza.number(Field::Size);
        (size == 0 || version.size == 0 || size == version.size)
            && multi_arch(stanza) == version.multi_arch
            && hashed(stanza).eq(hashed(&other))
    }

    fn new_version(&mut self, file: &File<'_>, stanza: &Stanza<'_>, package: u32, next: u32) -> u32 {
        let text = file.piece(stanza.get(Field::Version));
        let source = stanza.get(Field::Source);
        let space = source.iter().position(|byte| *byte == b' ');
        let source_version = space.and_then(|space| between(&source[space..], b'(', b')'));
        let source_name = &source[..space.unwrap_or(source.len())];
        let source = match source_name {
            b"" => self.package(package).group,
            name => self.group(file.piece(name)),
        };
        let version = self.versions.push(Version {
            package,
            text,
            stanza: file.piece(stanza.bytes),
            source,
            source_version: source_version.map_or(text, |version| file.piece(version)),
            next_in_source: self.groups[source as usize].in_source,
            depends: (0, 0),
            size: stanza.number(Field::Size),
            priority: priority(stanza.get(Field::Priority)),
            multi_arch: multi_arch(stanza),
            index: file.index,
        });
        self.groups[source as usize].in_source = version;
        self.next.push(next);
        self.provided_by.push(NONE);
        version
    }

    /// `debListParser::NewVersion`: dependencies and provisions.
    fn fill_version(&mut self, file: &File<'_>, stanza: &Stanza<'_>, version: u32) -> Result<(), Flaw> {
        let first = self.depends.len();
        for (field, kind) in DEPENDENCIES {
            for relation in Relations::new(stanza.get(field)) {
                let relation = relation.map_err(|()| malformed(stanza, "dependencies"))?;
                let target = self.target(file, relation.name);
                if let Some(kind) = kind {
                    let Relation { compare, or, .. } = relation;
                    let version = file.piece(relation.version);
                    self.depends.push(Depend { target, version, compare, kind, or });
                }
            }
        }
        let last = self.depends.len();
        if let Some(version) = self.versions.own_mut(version) {
            version.depends = (first, last);
        }
        self.add_provides(file, stanza, version)
    }

    /// The package that a dependency names (`ParseDepends`).
    fn target(&mut self, file: &File<'_>, name: &[u8]) -> u32 {
        match name.iter().rposition(|byte| *byte == b':') {
            None => self.named(file.piece(name)),
            Some(at) if &name[at..] == b":native" => {
                let name = [&name[..at], b":", self.architecture.as_bytes()].concat();
                let piece = self.texts.make(&name);
                self.named(piece)
            }
            Some(_) => self.named(file.piece(name)),
        }
    }

    /// `debListParser::ParseProvides`.
    fn add_provides(&mut self, file: &File<'_>, stanza: &Stanza<'_>, version: u32) -> Result<(), Flaw> {
        let Version { package, text, multi_arch, .. } = *self.version(version);
        let full_name = [self.name(package), b":", self.architecture.as_bytes()].concat();
        for relation in Relations::new(stanza.get(Field::Provides)) {
            let relation = relation.map_err(|()| malformed(stanza, "`Provides`"))?;
            if !matches!(relation.compare, Compare::Any | Compare::Equal) {
                continue;
            }
            let provided = file.piece(relation.version);
            let name = relation.name;
            if let Some(at) = name.iter().rposition(|byte| *byte == b':') {
                if &name[at..] != b":any" && name[at + 1..] == *self.architecture.as_bytes() {
                    self.provide_named(version, file.piece(&name[..at]), provided, true);
                }
                self.provide_named(version, file.piece(name), provided, false);
                continue;
            }
            if multi_arch & ALLOWED != 0 && multi_arch & FOREIGN == 0 {
                let any = self.texts.make(&[name, b":any"].concat());
                self.provide_named(version, any, provided, true);
            }
            self.provide_named(version, file.piece(name), provided, false);
            // Only who asks for a package of this architecture by name makes the other name known.
            let special = [name, b":", self.architecture.as_bytes()].concat();
            if let Some(special) = self.find(&special) {
                self.provide(version, special, provided, true);
            }
        }
        if multi_arch & ALLOWED != 0 {
            let any = self.texts.make(&[self.name(package), b":any"].concat());
            self.provide_named(version, any, text, true);
        }
        if let Some(special) = self.find(&full_name)
            && !self.provides_by(version).any(|provide| provide.package == special)
        {
            self.provide(version, special, text, true);
        }
        Ok(())
    }

    /// `pkgCacheListParser::NewProvides`: nothing provides itself in the version it has.
    fn provide_named(&mut self, version: u32, name: Piece, provided: Piece, implicit: bool) {
        let own = *self.version(version);
        if self.texts.get(name) == self.name(own.package)
            && (provided.is_empty() || self.texts.get(provided) == self.texts.get(own.text))
        {
            return;
        }
        let package = self.named(name);
        self.provide(version, package, provided, implicit);
    }

    fn provide(&mut self, version: u32, package: u32, provided: Piece, implicit: bool) {
        let number = self.provides.push(Provide {
            owner: version,
            package,
            version: provided,
            next_of_package: self.package(package).provides,
            next_of_owner: self.provided_by[version as usize],
            implicit,
        });
        self.packages[package as usize].provides = number;
        self.provided_by[version as usize] = number;
    }

    /// The name's group (`NewGroup`).
    fn group(&mut self, name: Piece) -> u32 {
        let group = self.names.intern(&self.texts, name);
        if group as usize == self.groups.len() {
            self.groups.push(Group { package: NONE, in_source: NONE });
        }
        group
    }

    /// The name's package (`NewPackage`). The first to name `foo:amd64` makes a package of it, which `foo` provides.
    fn named(&mut self, name: Piece) -> u32 {
        let group = self.group(name);
        let known = self.groups[group as usize].package;
        if known != NONE {
            return known;
        }
        let package = self.packages.len() as u32;
        let flags = 0;
        self.packages.push(Package { group, versions: NONE, provides: NONE, current: NONE, flags });
        self.groups[group as usize].package = package;
        let text = self.texts.get(name);
        if let Some(at) = text.iter().rposition(|byte| *byte == b':')
            && &text[at..] != b":any"
        {
            self.provide_special(package, name, at);
        }
        package
    }

    fn provide_special(&mut self, special: u32, name: Piece, at: usize) {
        let text = self.texts.get(name);
        let (of, architecture) = (text[..at].to_vec(), text[at + 1..].to_vec());
        if architecture != self.architecture.as_bytes() {
            // The package of the other architecture has a number, and nothing else.
            self.packages.push(Package {
                versions: NONE,
                provides: NONE,
                current: NONE,
                ..self.packages[special as usize]
            });
            return;
        }
        let of = self.texts.make(&of);
        let of = self.named(of);
        let mut owners: Vec<u32> =
            self.provides_of(of).filter(|provide| !provide.implicit).map(|provide| provide.owner).collect();
        owners.extend(self.versions_of(of));
        for owner in owners {
            let text = self.version(owner).text;
            self.provide(owner, special, text, true);
        }
    }

    /// `debListParser::UsePackage`.
    fn use_package(&mut self, stanza: &Stanza<'_>, package: u32) {
        let mut flags = self.package(package).flags;
        for (field, flag) in [
            (Field::Essential, Package::ESSENTIAL),
            (Field::Important, Package::IMPORTANT),
            (Field::Protected, Package::IMPORTANT),
        ] {
            match stanza.flag(field) {
                Some(true) => flags |= flag,
                Some(false) => flags &= !flag,
                None => {}
            }
        }
        if self.name(package) == b"apt" {
            flags |= Package::ESSENTIAL | Package::IMPORTANT;
        }
        self.packages[package as usize].flags = flags;
    }
}

/// What `VersionHash` hashes: the fields that tell files of one version apart, without what dpkg writes otherwise.
fn hashed<'a>(stanza: &Stanza<'a>) -> impl Iterator<Item = u8> + use<'a> {
    let fields =
        [Field::InstalledSize, Field::Depends, Field::PreDepends, Field::Conflicts, Field::Breaks, Field::Replaces];
    let values = fields.map(|field| stanza.get(field));
    values.into_iter().flat_map(|value| {
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let byte = *value.get(at)?;
                at += 1;
                if byte == b'0' && value.get(at) == Some(&b':') {
                    at += 1;
                } else if !is_blank(byte) && byte != b'=' {
                    return Some(byte | 0x20);
                }
            }
        })
    })
}

fn checked_name<'a>(stanza: &Stanza<'a>) -> Result<&'a [u8], Flaw> {
    let name = stanza.get(Field::Package);
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if name.is_empty() {
        return Err(Flaw(format!("the stanza at byte {} has no `Package`", stanza.start)));
    }
    if !name.iter().all(good) {
        return Err(malformed(stanza, "name"));
    }
    Ok(name)
}

fn malformed(stanza: &Stanza<'_>, what: &str) -> Flaw {
    Flaw(format!("the stanza of `{}`, at byte {}, has malformed {what}", stanza.name().trim(), stanza.start))
}

fn multi_arch(stanza: &Stanza<'_>) -> u8 {
    let all = stanza.get(Field::Architecture) == b"all";
    let how = match stanza.get(Field::MultiArch) {
        b"same" if !all => SAME,
        b"foreign" => FOREIGN,
        b"allowed" => ALLOWED,
        _ => 0,
    };
    if all { how | ALL } else { how }
}

fn priority(word: &[u8]) -> u8 {
    const WORDS: [&[u8]; 5] = [b"required", b"important", b"standard", b"optional", b"extra"];
    match word {
        b"" => 0,
        _ => WORDS.iter().position(|other| word.eq_ignore_ascii_case(other)).map_or(5, |at| at as u8 + 1),
    }
}

fn between(text: &[u8], open: u8, close: u8) -> Option<&[u8]> {
    let text = &text[text.iter().position(|byte| *byte == open)? + 1..];
    Some(&text[..text.iter().position(|byte| *byte == close)?])
}
