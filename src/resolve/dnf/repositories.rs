//! The repositories that a base has set up (`etc/yum.repos.d/*.repo`, dnf.conf(5)).

use super::xml::Flaw;

/// A repository that is enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its ID.
    pub id: String,
    /// Where it is, variables replaced.
    pub address: Address,
    /// Whether what it consists of must be signed (`repo_gpgcheck`).
    pub signed: bool,
    /// The keys that sign it: addresses, `file:///…` mostly.
    pub keys: Vec<String>,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// There.
    Base(String),
    /// Where the document there says, which says the hash of `repomd.xml` too.
    Metalink(String),
}

/// The enabled repositories of a `.repo` file, where `variables` such as `releasever` and `basearch` have values. What says
/// how dnf chooses between repositories is not followed, and is a flaw.
pub fn read_repositories(text: &str, variables: &[(&str, &str)]) -> Result<Vec<Repository>, Flaw> {
    let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in text.lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        if let Some(id) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((id.to_owned(), Vec::new()));
            continue;
        }
        let Some((_, settings)) = sections.last_mut() else {
            return Err(Flaw(format!("`{}` is in no section", plain.escape_debug())));
        };
        match (line.starts_with([' ', '\t']), settings.last_mut(), plain.split_once('=')) {
            // A value goes on.
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(plain);
            }
            (_, _, Some((name, value))) => settings.push((name.trim().to_owned(), value.trim().to_owned())),
            _ => return Err(Flaw(format!("`{}` is no setting", plain.escape_debug()))),
        }
    }
    let of = |(id, settings): (String, Vec<(String, String)>)| repository(id, &settings, variables).transpose();
    sections.into_iter().filter(|(id, _)| id != "main").filter_map(of).collect()
}

fn repository(
    id: String,
    settings: &[(String, String)],
    variables: &[(&str, &str)],
) -> Result<Option<Repository>, Flaw> {
    let get = |name: &str| settings.iter().rev().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
    let is = |name: &str, default: bool| {
        get(name).map_or(default, |value| matches!(value, "1" | "yes" | "true" | "on" | "True"))
    };
    if !is("enabled", true) {
        return Ok(None);
    }
    let followed = ["priority", "excludepkgs", "exclude", "includepkgs", "module_hotfixes"];
    if let Some(name) = followed.iter().find(|name| get(name).is_some()) {
        return Err(Flaw(format!("the repository `{id}` sets `{name}`, which is not followed")));
    }
    let filled = |text: &str| {
        replaced(text, variables)
            .map_err(|name| Flaw(format!("the repository `{id}` needs `${name}`, which is not known")))
    };
    let first = |text: &str| text.split([' ', ',']).find(|word| !word.is_empty()).unwrap_or_default().to_owned();
    let address = if let Some(base) = get("baseurl").filter(|base| !base.is_empty()) {
        Address::Base(filled(&first(base))?)
    } else if let Some(metalink) = get("metalink") {
        Address::Metalink(filled(metalink)?)
    } else {
        return Err(Flaw(format!("the repository `{id}` has neither `baseurl` nor `metalink`")));
    };
    let keys = get("gpgkey").unwrap_or_default().split([' ', ',']).filter(|key| !key.is_empty());
    let keys = keys.map(filled).collect::<Result<_, _>>()?;
    Ok(Some(Repository { signed: is("repo_gpgcheck", false), keys, address, id }))
}

/// `text` with the values of variables for `$name` and `${name}`; or the name of one that has none.
fn replaced(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let braced = rest.strip_prefix('{');
        rest = braced.unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let value = variables.iter().find(|(of, _)| *of == name).ok_or_else(|| name.to_owned())?;
        result.push_str(value.1);
        rest = if braced.is_some() { after.strip_prefix('}').unwrap_or(after) } else { after };
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: &[(&str, &str)] = &[("releasever", "41"), ("basearch", "x86_64")];

    #[test]
    fn repositories() {
        let text = "# a comment\n[main]\nx=1\n[fedora]\nname=Fedora $releasever - $basearch\n\
            metalink=https://links.example/metalink?repo=fedora-$releasever&arch=${basearch}\nenabled=1\ngpgcheck=1\n\
            repo_gpgcheck=0\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-$releasever\n\n[off]\nenabled=0\nbaseurl=x\n\
            [base]\nbaseurl = https://a.example/$basearch/\n  https://b.example/\nrepo_gpgcheck=1\n";
        let found = read_repositories(text, VARIABLES).expect("repositories");
        assert_eq!(found.len(), 2);
        let metalink = "https://links.example/metalink?repo=fedora-41&arch=x86_64";
        assert_eq!(found[0].address, Address::Metalink(metalink.to_owned()));
        assert_eq!(found[0].keys, ["file:///etc/pki/rpm-gpg/RPM-GPG-KEY-41"]);
        assert!(!found[0].signed && found[1].signed);
        assert_eq!(found[1].address, Address::Base("https://a.example/x86_64/".to_owned()));
        let refuses = |text: &str, expected: &str| {
            assert_eq!(read_repositories(text, VARIABLES), Err(Flaw(expected.to_owned())));
        };
        refuses("[a]\nname=a\n", "the repository `a` has neither `baseurl` nor `metalink`");
        refuses("[a]\nbaseurl=https://$stream/\n", "the repository `a` needs `$stream`, which is not known");
        refuses("[a]\nbaseurl=x\npriority=1\n", "the repository `a` sets `priority`, which is not followed");
        refuses("baseurl=x\n", "`baseurl=x` is in no section");
        refuses("[a]\nhello\n", "`hello` is no setting");
    }
}
