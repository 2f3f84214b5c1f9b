//! A real `apt-get`, asked what it would install: in a root of its own, without the network and the machine's settings.

use super::reason;
use crate::base::Sum;
use crate::pinning::{Origin, Question};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether there is an `apt-get` to ask.
pub fn has_apt_get() -> bool {
    let version = Command::new("apt-get").arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// What `apt-get` would install for `question`, by name with the version; or why it would not, a sentence.
pub fn simulated(question: &Question) -> Result<BTreeMap<String, String>, String> {
    let root = tempfile::tempdir().map_err(|error| reason(&error))?;
    let path = root.path().to_str().ok_or("the directory of temporary files is not UTF-8")?;
    set_up(root.path(), path, question).map_err(|error| reason(&error))?;
    run(path, &["update"])?;
    let recommends = format!("APT::Install-Recommends={}", question.recommends);
    let mut words = vec!["install", "--simulate", "--yes", "--no-remove", "-o", &recommends];
    words.extend(question.asked.iter().map(String::as_str));
    run(path, &words).map(|text| installed(&text))
}

/// The packages that the lines `Inst …` of a simulation name.
fn installed(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let rest = line.strip_prefix("Inst ")?;
        let (name, rest) = rest.split_once(' ')?;
        let version = rest.split_once('(')?.1.split([' ', ')']).next()?;
        Some((name.split(':').next().unwrap_or(name).to_owned(), version.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

fn set_up(root: &Path, path: &str, question: &Question) -> io::Result<()> {
    let write = |name: &str, bytes: &[u8]| {
        let file = root.join(name);
        file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, bytes))
    };
    for directory in ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/preferences.d"] {
        fs::create_dir_all(root.join(directory))?;
    }
    write("var/lib/dpkg/status", &question.installed.status)?;
    write("var/lib/apt/extended_states", &question.installed.extended_states)?;
    for preferences in &question.installed.preferences {
        write(preferences.path.trim_start_matches('/'), preferences.text.as_bytes())?;
    }
    let architecture = &question.architecture;
    let config = format!(
        "Dir \"{path}/\";\nDir::State::status \"{path}/var/lib/dpkg/status\";\nDir::Bin::methods \"/usr/lib/apt/methods\";\n\
         APT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; }};\nAPT::Sandbox::User \"\";\n\
         Acquire::Languages \"none\";\nDebug::NoLocking \"true\";\n"
    );
    write("apt.conf", config.as_bytes())?;
    let mut sources = String::new();
    for (at, origin) in question.origins.iter().enumerate() {
        let is_flat = origin.components.iter().any(|(component, _)| component.is_empty());
        let (suite, directory) =
            if is_flat { ("./", String::new()) } else { (origin.suite.as_str(), format!("dists/{}/", origin.suite)) };
        let (mut sums, mut names) = (String::new(), Vec::new());
        for (component, bytes) in &origin.components {
            let name =
                if is_flat { "Packages".to_owned() } else { format!("{component}/binary-{architecture}/Packages") };
            write(&format!("archives/{at}/{directory}{name}"), bytes)?;
            let _ = writeln!(sums, " {} {} {name}", Sum::of(bytes), bytes.len());
            names.push(component.as_str());
        }
        let release = release(origin, &names.join(" "), architecture) + &sums;
        write(&format!("archives/{at}/{directory}Release"), release.as_bytes())?;
        let _ = writeln!(sources, "deb [trusted=yes] file:{path}/archives/{at} {suite} {}", names.join(" "));
    }
    write("etc/apt/sources.list", sources.as_bytes())
}

/// What an archive says of itself, as far as apt looks at it, up to the hashes of its files.
fn release(origin: &Origin, components: &str, architecture: &str) -> String {
    let said = &origin.said;
    let mut text = String::new();
    let fields = [
        ("Origin", said.origin.as_str()),
        ("Label", &said.label),
        ("Suite", &said.suite),
        ("Codename", &said.codename),
        ("Version", &said.version),
        ("Architectures", architecture),
        ("Components", components),
        ("NotAutomatic", if said.not_automatic { "yes" } else { "" }),
        ("ButAutomaticUpgrades", if said.but_automatic_upgrades { "yes" } else { "" }),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "{name}: {value}");
    }
    text + "Date: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n"
}

fn run(path: &str, words: &[&str]) -> Result<String, String> {
    let mut apt = Command::new("apt-get");
    apt.args(words).env("APT_CONFIG", format!("{path}/apt.conf")).env("LC_ALL", "C").stdin(Stdio::null());
    let output = apt.output().map_err(|error| format!("`apt-get` cannot be run: {}", reason(&error)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let errors = text.lines().filter_map(|line| line.strip_prefix("E: "));
    let errors = errors.collect::<Vec<_>>().join("; ");
    Err(if errors.is_empty() { "`apt-get` refuses, and does not say why".to_owned() } else { errors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "NOTE: x\nInst libc6 [2.36-9] (2.36-10 Debian:12/stable [amd64]) []\nInst curl (7.88 x [amd64])\n\
                    Conf curl (7.88 x [amd64])\nInst a:i386 (1)\n";
        let expected = [("a", "1"), ("curl", "7.88"), ("libc6", "2.36-10")];
        assert_eq!(installed(text), expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    }
}
