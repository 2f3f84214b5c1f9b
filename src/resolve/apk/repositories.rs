//! The repositories that a base has set up (`etc/apk/repositories`, apk-repositories(5)).

use super::index::Flaw;

/// The addresses in `text`, in their order. Tagged ones are left out: apk takes nothing from them but what is asked for
/// with their tag. What is no address on another machine, and the forms that only apk 3 has, are flaws.
pub fn repositories(text: &str) -> Result<Vec<String>, Flaw> {
    let mut addresses = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let flaw = |what: &str| Flaw(format!("`{}` {what}", line.escape_debug()));
        if line.starts_with('@') {
            continue;
        }
        if line.contains([' ', '\t', '$']) {
            return Err(flaw("is more than an address"));
        }
        if !line.starts_with("https://") && !line.starts_with("http://") {
            return Err(flaw("is not on another machine"));
        }
        let address = line.trim_end_matches('/').to_owned();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let text = "# Alpine\nhttps://apk.example/v3.20/main\n\nhttp://apk.example/v3.20/community/\n\
            @edge https://apk.example/edge/main\n#https://apk.example/v3.20/testing\n";
        let expected = ["https://apk.example/v3.20/main", "http://apk.example/v3.20/community"];
        assert_eq!(repositories(text).expect("addresses"), expected);
        let refuses = |text: &str, expected: &str| assert_eq!(repositories(text), Err(Flaw(expected.to_owned())));
        refuses("/media/cdrom/apks", "`/media/cdrom/apks` is not on another machine");
        refuses("https://a.example/v3 main community", "`https://a.example/v3 main community` is more than an address");
    }
}
