//! `unpinned-install`: shell text that installs packages of a language in whatever version there is (hadolint's DL3013,
//! DL3016, DL3028 and DL3062). What a lock file or a requirements file names is pinned there.

use super::scene::Call;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::is_commit;

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-install"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls {
        let Some(installer) = Installer::of(call) else { continue };
        for package in installer.packages(call).filter(|package| !(installer.is_pinned)(package)) {
            if call.name == "go" && package.ends_with(".go") {
                let message = format!("`go` is given the file `{package}` instead of a package");
                let hint = "write the package, as ./ or ./cmd/NAME: a file alone is built without its neighbours";
                findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
                continue;
            }
            let message = format!("`{}` installs `{package}` in whatever version there is", call.name);
            let hint = format!("name one: {}", installer.example.replace("NAME", bare(package)));
            findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
        }
    }
}

/// A package without extras, ranges and tags.
fn bare(package: &str) -> &str {
    let end = package.find(['[', '<', '>', '=', '~', '!', ';', ' ']).unwrap_or(package.len());
    package[..end].split_once("@latest").map_or(&package[..end], |(name, _)| name)
}

/// A program that installs packages of a language.
struct Installer {
    /// The words behind which packages stand, each perhaps a subcommand of another.
    commands: &'static [&'static str],
    /// Options that take the next word for themselves.
    with_value: &'static [&'static str],
    /// Options by which the versions stand elsewhere, also as the beginnings of words.
    elsewhere: &'static [&'static str],
    is_pinned: fn(&str) -> bool,
    example: &'static str,
}

impl Installer {
    fn of(call: &Call<'_>) -> Option<&'static Self> {
        let is_module = |module: &str| call.arguments.windows(2).any(|pair| pair[0] == "-m" && pair[1] == module);
        match call.name.as_str() {
            name if name.starts_with("pip") || name == "uv" => Some(&PIP),
            name if name.starts_with("python") && (is_module("pip") || is_module("pipx")) => Some(&PIP),
            "npm" | "pnpm" | "yarn" => Some(&NPM),
            "gem" => Some(&GEM),
            "go" => Some(&GO),
            "cargo" => Some(&CARGO),
            _ => None,
        }
    }

    /// The packages that `call` names.
    fn packages<'c>(&self, call: &'c Call<'_>) -> impl Iterator<Item = &'c str> {
        let is_elsewhere = |word: &String| self.elsewhere.iter().any(|option| word.starts_with(option));
        let at = call.arguments.iter().position(|word| self.commands.contains(&word.as_str()));
        let behind = at.filter(|_| !call.arguments.iter().any(is_elsewhere)).map_or(&[][..], |at| {
            // Only a subcommand or an option stands before a subcommand: not `npm run install`.
            let before = call.arguments[..at].iter().filter(|word| !word.starts_with('-'));
            let known = ["global", "pip", "pipx", "tool", "-m"];
            if before.into_iter().all(|word| known.contains(&word.as_str())) { &call.arguments[at + 1..] } else { &[] }
        });
        let with_value = self.with_value;
        behind.iter().enumerate().filter_map(move |(at, word)| {
            let is_value = at > 0 && with_value.contains(&behind[at - 1].as_str());
            (!word.starts_with('-') && !is_value && !is_local(word)).then_some(word.as_str())
        })
    }
}

/// Whether it is a file or directory, which is whatever it is.
fn is_local(word: &str) -> bool {
    let archives = [".whl", ".tar", ".tar.gz", ".tgz", ".gem"];
    let is_remote = word.contains("://");
    word.starts_with(['.', '/', '~']) || !is_remote && archives.iter().any(|ending| word.ends_with(ending))
}

/// Whether behind the `@` of an address stands a commit.
fn at_commit(address: &str, separator: char) -> bool {
    let behind = address.rsplit_once(separator).map(|(_, behind)| behind.split('#').next().unwrap_or_default());
    behind.is_some_and(is_commit)
}

const PIP: Installer = Installer {
    commands: &["install"],
    with_value: &[
        "--abi",
        "-b",
        "--build",
        "-e",
        "--editable",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-i",
        "--index-url",
        "--implementation",
        "--no-binary",
        "--only-binary",
        "--platform",
        "--prefix",
        "--progress-bar",
        "--proxy",
        "--python",
        "--python-version",
        "--root",
        "--src",
        "-t",
        "--target",
        "--trusted-host",
        "--upgrade-strategy",
    ],
    elsewhere: &["-r", "--requirement", "-c", "--constraint"],
    is_pinned: |package| match package.contains("://") {
        true => package.contains("#sha256=") || at_commit(package, '@'),
        false => package.contains("=="),
    },
    example: "NAME==VERSION; or use the node `pip` with a requirements file",
};

const NPM: Installer = Installer {
    commands: &["install", "i", "add"],
    with_value: &["--prefix", "--registry", "-w", "--workspace", "-C", "--dir", "--cwd"],
    elsewhere: &[],
    is_pinned: |package| {
        if package.contains("://") || package.starts_with("git+") {
            return at_commit(package, '#');
        }
        // The first `@` of a scope is none of a version.
        let version = package.get(1..).and_then(|rest| rest.split_once('@')).map(|(_, version)| version);
        version.is_some_and(|version| version != "latest")
    },
    example: "NAME@VERSION; or install what a lock file names, by `npm ci`",
};

const GEM: Installer = Installer {
    commands: &["install", "i"],
    with_value: &["-i", "--install-dir", "-n", "--bindir", "-s", "--source", "--platform"],
    elsewhere: &["-v", "--version"],
    is_pinned: |package| package.contains(':'),
    example: "NAME:VERSION",
};

const GO: Installer = Installer {
    commands: &["install", "get", "run"],
    with_value: &["-o", "-ldflags", "-tags", "-C", "-mod", "-p", "-gcflags", "-asmflags"],
    elsewhere: &[],
    is_pinned: |package| package.split_once('@').is_some_and(|(_, version)| version != "latest"),
    example: "NAME@VERSION; or write packages of the module as ./PATH",
};

const CARGO: Installer = Installer {
    commands: &["install"],
    with_value: &[
        "--root",
        "--features",
        "-F",
        "--target",
        "--target-dir",
        "--profile",
        "--index",
        "--registry",
        "-j",
        "--jobs",
        "--bin",
        "--example",
        "--config",
    ],
    elsewhere: &["--version", "--vers", "--path", "--rev"],
    is_pinned: |package| package.contains('@'),
    example: "NAME@VERSION",
};

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    fn check(text: &str, packages: &[&str]) {
        let name = text.split(' ').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let told = packages.iter().map(|package| format!("`{name}` installs `{package}` in whatever version there is"));
        let told: Vec<String> = told.collect();
        check_run(&RULE, text, &told.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn python() {
        check(
            "pip install --no-cache-dir flask 'uvicorn[standard]>=0.3' gunicorn==23.0.0",
            &["flask", "uvicorn[standard]>=0.3"],
        );
        check("/venv/bin/python3 -m pip install -U pip", &["pip"]);
        check("pip3 install --target /x -i https://index.example/simple flask", &["flask"]);
        check("uv pip install flask", &["flask"]);
        check("pip install git+https://example.com/x.git@main", &["git+https://example.com/x.git@main"]);
        for pinned in [
            "pip install -r requirements.txt flask",
            "pip install -rreq.txt",
            "pip install . -e ./lib ./x.whl y-1.tar.gz",
            "pip install flask==$FLASK",
            "pip install git+https://example.com/x.git@de40ad007797e0dcd8b7126f27bb87401d224240",
            "pip download flask",
            "python3 -m venv install",
        ] {
            check(pinned, &[]);
        }
    }

    #[test]
    fn others() {
        check(
            "npm install -g typescript @angular/cli eslint@9 @types/node@22 yarn@latest",
            &["typescript", "@angular/cli", "yarn@latest"],
        );
        check("yarn global add serve", &["serve"]);
        check("gem install bundler rake:13.0", &["bundler"]);
        check("go install example.com/x/tool@latest", &["example.com/x/tool@latest"]);
        check("cargo install --locked ripgrep", &["ripgrep"]);
        check_run(&RULE, "go run main.go", &["`go` is given the file `main.go` instead of a package"]);
        for pinned in [
            "npm ci && npm install",
            "npm run install x",
            "npm install --prefix /app ./x",
            "gem install bundler -v 2.5",
            "go install ./cmd/x example.com/y@v1",
            "go build example.com/x",
            "go run ./cmd/x y@z",
            "cargo install --version 1 ripgrep",
            "cargo install --path /src",
        ] {
            check(pinned, &[]);
        }
    }
}
