//! Python's pip: requirements files, the files they include, and an installation that leaves nothing behind.

use crate::base::{EnvName, ImagePath, Invalid, Spanned, directory_of, normalize};
use crate::diagnostic::codes::INVALID_MANIFEST;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Language, Manifest, Mount, Network, Run, Sharing, shell};
use std::collections::BTreeMap;

/// How many files a requirements file may reach through its includes.
const MAX_FILES: usize = 100;

/// The step that installs what the requirements files name: into the virtual environment `into`, or the system's
/// packages. `read` gives the text of a file of the build context.
pub(crate) fn lower(
    requirements: &[Spanned<String>],
    into: Option<&ImagePath>,
    read: &dyn Fn(&str) -> Result<String, Invalid>,
    diagnostics: &mut Diagnostics,
) -> Result<Language, Reported> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut manifests = Vec::new();
    for file in requirements {
        collect(file, &file.value, read, &mut files, &mut manifests, diagnostics)?;
    }
    let hashes = files.values().any(|text| lines(text).any(|line| line.text.contains("--hash=")));
    let mut install = vec!["python3".to_owned(), "-m".to_owned(), "pip".to_owned()];
    // pip installs into an environment that has no pip of its own (pip 22.3), which is then not in the image either.
    install
        .extend(into.iter().flat_map(|into| ["--python".to_owned(), shell::quote(into.join("bin/python").as_str())]));
    install.extend(["install".to_owned(), "--no-compile".to_owned()]);
    install.extend(hashes.then(|| "--require-hashes".to_owned()));
    for file in requirements {
        install.extend(["--requirement".to_owned(), shell::quote(&mounted(&file.value))]);
    }
    let span = requirements.first().map(|file| file.span).expect("the shape demands a requirements file");
    let mut commands = Vec::new();
    if let Some(into) = into {
        commands.push(format!("python3 -m venv --without-pip {}", shell::quote(into.as_str())));
    }
    commands.push(install.join(" "));
    let cache = ImagePath::resolve("/root/.cache/pip", &ImagePath::root()).expect("a path");
    Ok(Language {
        name: "pip",
        manifests,
        install: Run {
            commands: commands.into_iter().map(|command| Spanned::new(command, span)).collect(),
            generated: true,
            mounts: vec![Mount::Cache { target: cache, id: None, sharing: Sharing::Shared }],
            network: Network::Default,
            user: None,
            env: vec![(no_byte_code(), "1".to_owned())],
        },
        directory: None,
        unlocked: None,
    })
}

/// The variable that keeps Python from writing byte code, which would stay in the layer.
pub(crate) fn no_byte_code() -> EnvName {
    EnvName::parse("PYTHONDONTWRITEBYTECODE").expect("a name")
}

/// A requirement or option of a requirements file.
pub struct Line {
    /// Its number, from 1; of joined lines the first.
    pub number: usize,
    /// Its text without comment; joined lines are parted by spaces.
    pub text: String,
}

/// The lines of a requirements file (pip, *Requirements File Format*): joined at `\`, comments and blank ones left out.
pub fn lines(text: &str) -> impl Iterator<Item = Line> {
    let mut numbered = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (number, first) = numbered.next()?;
        let mut whole = first.to_owned();
        while let Some(start) = whole.strip_suffix('\\') {
            let next = numbered.next().map_or("", |(_, next)| next);
            whole = format!("{start} {}", next.trim_start());
        }
        let comment = whole.find(" #").or_else(|| whole.trim_start().starts_with('#').then_some(0));
        let text = comment.map_or(whole.as_str(), |at| &whole[..at]).trim().to_owned();
        Some(Line { number: number + 1, text })
    })
    .filter(|line| !line.text.is_empty())
}

/// The files a line includes, if it is such an option: `-r`, `-c` and their long forms.
fn included(line: &str) -> Option<&str> {
    for option in ["--requirement", "--constraint", "-r", "-c"] {
        if let Some(rest) = line.strip_prefix(option) {
            let file = rest.trim_start_matches(['=', ' ', '\t']);
            return (rest.len() != file.len() || !option.starts_with("--")).then_some(file.trim());
        }
    }
    None
}

/// Reads `path` and what it includes.
fn collect(
    written: &Spanned<String>,
    path: &str,
    read: &dyn Fn(&str) -> Result<String, Invalid>,
    files: &mut BTreeMap<String, String>,
    manifests: &mut Vec<Manifest>,
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    let mut pending = vec![path.to_owned()];
    while let Some(path) = pending.pop() {
        if files.contains_key(&path) {
            continue;
        }
        let invalid = |message: String| Diagnostic::error(&INVALID_MANIFEST, written.span, message);
        if files.len() >= MAX_FILES {
            return Err(
                diagnostics.error(invalid(format!("more than {MAX_FILES} requirements files include each other")))
            );
        }
        let text = read(&path).map_err(|error| diagnostics.error(invalid(error.0)))?;
        let directory = directory_of(&path);
        for line in lines(&text) {
            if let Some(local) = local_project(&line.text) {
                let message = format!("{path}:{}: `{local}` is a project of the sources, not of an index", line.number);
                let hint = "install it by a `run` that reads its sources";
                return Err(diagnostics.error(invalid(message).hint(hint)));
            }
            if let Some(file) = included(&line.text) {
                match normalize(&format!("{directory}/{file}"))
                    .filter(|_| !file.starts_with('/') && !file.contains("://"))
                {
                    Some(file) => pending.push(file),
                    None => {
                        let message = format!("{path}:{}: `{file}` is no file of the build context", line.number);
                        return Err(diagnostics.error(invalid(message)));
                    }
                }
            }
        }
        let target = directory_of_manifests().join(&path);
        manifests.push(Manifest { path: Spanned::new(path.clone(), written.span), target });
        files.insert(path, text);
    }
    Ok(())
}

/// The path of a project on disk that a line names: `-e .`, `./lib`, `file:…`.
fn local_project(line: &str) -> Option<&str> {
    let editable = line.strip_prefix("--editable").or_else(|| line.strip_prefix("-e"));
    let target = editable.map_or(line, |rest| rest.trim_start_matches(['=', ' ']));
    let remote = target.contains("://") && !target.starts_with("file:");
    let local = target.starts_with(['.', '/']) || target.starts_with("file:");
    (local || editable.is_some() && !remote).then_some(target)
}

fn directory_of_manifests() -> ImagePath {
    ImagePath::root().join(&Language::MANIFEST_DIR[1..])
}

fn mounted(path: &str) -> String {
    format!("{}/{path}", Language::MANIFEST_DIR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FileId, Span};

    fn lowered(files: &[(&str, &str)], into: Option<&str>) -> Result<Language, Vec<String>> {
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| Invalid::new(format!("there is no file `{path}`")))
        };
        let into = into.map(|into| ImagePath::resolve(into, &ImagePath::root()).expect("a path"));
        let mut diagnostics = Diagnostics::new();
        let written = Spanned::new(files[0].0.to_owned(), Span::file_start(FileId(0)));
        lower(&[written], into.as_ref(), &read, &mut diagnostics)
            .map_err(|_| diagnostics.into_sorted().into_iter().map(|diagnostic| diagnostic.message).collect())
    }

    fn check(files: &[(&str, &str)], into: Option<&str>, manifests: &[&str], commands: &[&str]) {
        let language = lowered(files, into).expect("it lowers");
        let found: Vec<&str> = language.manifests.iter().map(|manifest| manifest.path.value.as_str()).collect();
        assert_eq!(found, manifests);
        let found: Vec<&str> = language.install.commands.iter().map(|command| command.value.as_str()).collect();
        assert_eq!(found, commands);
    }

    #[test]
    fn installations() {
        check(
            &[("requirements.txt", "flask==3.0.0\n")],
            Some("/venv"),
            &["requirements.txt"],
            &[
                "python3 -m venv --without-pip /venv",
                "python3 -m pip --python /venv/bin/python install --no-compile \
                 --requirement /tmp/manifests/requirements.txt",
            ],
        );
        check(
            &[
                ("req/prod.txt", "# all\n-r base.txt\n-c ../constraints.txt\n"),
                ("req/base.txt", "a==1 \\\n    --hash=sha256:00\n-r prod.txt\n"),
                ("constraints.txt", "b==2 # why\n"),
            ],
            None,
            &["req/prod.txt", "constraints.txt", "req/base.txt"],
            &["python3 -m pip install --no-compile --require-hashes --requirement /tmp/manifests/req/prod.txt"],
        );
    }

    #[test]
    fn mistakes() {
        for (text, message) in [
            ("-r missing.txt", "there is no file `missing.txt`"),
            ("-r ../up.txt", "requirements.txt:1: `../up.txt` is no file of the build context"),
            ("\n-e .", "requirements.txt:2: `.` is a project of the sources, not of an index"),
            ("./lib", "requirements.txt:1: `./lib` is a project of the sources, not of an index"),
        ] {
            assert_eq!(
                lowered(&[("requirements.txt", text)], None).map(|_| ()),
                Err(vec![message.to_owned()]),
                "{text}"
            );
        }
    }
}
