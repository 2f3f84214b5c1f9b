//! Closures of small worlds.

use super::*;
use std::sync::Arc;

/// Packages, a line each: `name version`, then fields such as `D:a>=1 !b`, `p:c=1`, `i:a b`, `k:10`, parted by ` | `.
fn packages(text: &str) -> String {
    let mut index = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut fields = line.split(" | ");
        let (name, version) = fields.next().and_then(|first| first.split_once(' ')).expect("a name and a version");
        // The same package has the same checksum wherever it is.
        index.push_str(&format!("C:Q1{name}/{version}=\nP:{name}\nV:{version}\nS:100\n"));
        for field in fields {
            index.push_str(field);
            index.push('\n');
        }
        index.push('\n');
    }
    index
}

struct Case {
    world: &'static str,
    installed: &'static str,
    indexes: &'static [&'static str],
}

impl Case {
    fn of(indexes: &'static [&'static str]) -> Self {
        Self { world: "", installed: "", indexes }
    }

    fn on(world: &'static str, installed: &'static str, indexes: &'static [&'static str]) -> Self {
        Self { world, installed, indexes }
    }

    fn closure(&self, asked: &str) -> Result<Closure, Refusal> {
        let installed = read_installed(packages(self.installed).as_bytes()).expect("a database");
        let base = Base::new(self.world, installed).expect("a world");
        let index = |text: &&str| Arc::new(read_index(packages(text).as_bytes()).expect("an index"));
        let indexes: Vec<_> = self.indexes.iter().map(index).collect();
        let package = |word: &str| match word.split_once('@') {
            Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
            None => (word.to_owned(), None),
        };
        let asked = Asked { packages: asked.split(' ').map(package).collect() };
        Universe::new(base, &indexes).closure(&asked)
    }

    /// That asking for `asked` (`name` or `name@version`) installs `expected`: `name=version`, sorted.
    #[track_caller]
    fn check(&self, asked: &str, expected: &str) {
        match self.closure(asked) {
            Ok(closure) => {
                let names: Vec<_> = closure.packages.iter().map(|of| format!("{}={}", of.name, of.version)).collect();
                assert_eq!(names.join(" "), expected, "{asked}");
            }
            Err(refusal) => panic!("{asked}: {refusal}"),
        }
    }

    #[track_caller]
    fn refuses(&self, asked: &str, expected: &str) {
        let refusal = self.closure(asked).expect_err(asked);
        assert_eq!(refusal.to_string(), expected, "{asked}");
    }
}

#[test]
fn dependencies() {
    let case = Case::of(&["
        a 1-r0 | D:b so:libc.so.1
        b 1-r0
        b 2-r0 | D:c
        c 3-r0
        libc 1.2-r1 | p:so:libc.so.1=1
        old 1-r0 | D:b<2
    "]);
    case.check("c", "c=3-r0");
    case.check("a", "a=1-r0 b=2-r0 c=3-r0 libc=1.2-r1");
    case.check("so:libc.so.1", "libc=1.2-r1");
    case.check("old", "b=1-r0 old=1-r0");
    case.check("a old", "a=1-r0 b=1-r0 libc=1.2-r1 old=1-r0");
    case.check("b@1.*", "b=1-r0");
    case.check("b@<2", "b=1-r0");
    case.check("b@1-r0", "b=1-r0");
    case.refuses("nothing", "no package is or provides `nothing`");
    case.refuses(
        "b@9.*",
        "nothing is left that is `b~9`: b 1-r0 cannot be: b~9 was asked for; b 2-r0 cannot be: b~9 was asked for",
    );
}

#[test]
fn what_is_installed_stays() {
    let case = Case::on(
        "busybox",
        "busybox 1.36-r1 | D:so:libc.so.1\nlibc 1-r0 | p:so:libc.so.1=1\nssl_client 1.36-r1 | i:busybox=1.36-r1 libc",
        &["
            busybox 1.36-r2 | D:so:libc.so.1
            libc 1-r1 | p:so:libc.so.1=1
            ssl_client 1.36-r2 | i:busybox=1.36-r2 libc
            extras 1.36-r2 | D:busybox=1.36-r2
            plain 1-r0 | D:busybox
        "],
    );
    case.check("plain", "plain=1-r0");
    // What another package needs in a version comes in it, and what stands beside it follows.
    case.check("extras", "busybox=1.36-r2 extras=1.36-r2 ssl_client=1.36-r2");
    case.check("busybox@1.36-r2", "busybox=1.36-r2 ssl_client=1.36-r2");
    case.check("busybox", "");
    let upgraded = case.closure("extras").expect("a closure");
    let facts: Vec<_> = upgraded.packages.iter().map(|of| (of.asked, of.upgraded_from.as_deref(), of.index)).collect();
    assert_eq!(facts, [(false, Some("1.36-r1"), 0), (true, None, 0), (false, Some("1.36-r1"), 0)]);
}

#[test]
fn the_world_stays() {
    let case = Case::on("a<2", "a 1-r0", &["a 1-r0\na 2-r0\nb 1-r0 | D:a>=2\nc 1-r0 | D:!a"]);
    case.refuses(
        "b",
        "nothing is left that is `b`: b 1-r0 cannot be: nothing is left that is `a>=2`: a 2-r0 cannot be: a<2 was asked \
         for",
    );
    // What is asked for anew replaces what the world had.
    case.check("b a", "a=2-r0 b=1-r0");
    assert!(case.closure("c").is_err());
    assert_eq!(
        Base::new("a@edge", Vec::new()).expect_err("a tag"),
        "`a@edge` is of a tagged repository, and those are not followed"
    );
}

#[test]
fn virtual_packages() {
    let case = Case::of(&["
        dash 1-r0 | p:/bin/sh | k:5
        busybox 1-r0 | p:/bin/sh | k:10
        yash 1-r0 | p:/bin/sh
        script 1-r0 | D:/bin/sh
        one 1-r0 | p:mail
        two 1-r0 | p:mail
        mailer 1-r0 | D:mail
        mail-two 1-r0 | D:mail two
    "]);
    case.check("script", "busybox=1-r0 script=1-r0");
    case.refuses(
        "mailer",
        "`mail` is provided by one 1-r0 and two 1-r0, and apk's rules prefer none of them\n  mailer 1-r0 needs mail",
    );
    case.check("mail-two", "mail-two=1-r0 two=1-r0");
    case.check("mailer two", "mailer=1-r0 two=1-r0");
    // Of what is virtual in all of them there can be several.
    case.check("one two mailer", "mailer=1-r0 one=1-r0 two=1-r0");
}

#[test]
fn a_single_virtual_provider() {
    let index: &'static [&'static str] = &["one 1-r0 | p:mail\nmailer 1-r0 | D:mail"];
    Case::on("apk-tools", "apk-tools 2.14.4-r0", index).check("mailer", "mailer=1-r0 one=1-r0");
    // apk 3 takes none by itself, not even the only one.
    assert!(Case::on("apk-tools", "apk-tools 3.0.1-r0", index).closure("mailer").is_err());
    // Whose rules count is not known without apk.
    assert!(Case::of(index).closure("mailer").is_err());
}

#[test]
fn versioned_providers() {
    let case = Case::of(&["
        openssl3 3.3-r0 | p:so:libssl.so=3.3
        openssl1 1.1-r0 | p:so:libssl.so=1.1
        new 1-r0 | D:so:libssl.so
        old 1-r0 | D:so:libssl.so<2
        x 1-r0 | p:so:x=1
        y 1-r0 | p:so:x=1
        z 1-r0 | D:so:x
        zz 1-r0 | p:so:x=1 | k:1
    "]);
    case.check("new", "new=1-r0 openssl3=3.3-r0");
    case.check("old", "old=1-r0 openssl1=1.1-r0");
    case.check("new old", "new=1-r0 old=1-r0 openssl1=1.1-r0");
    case.check("z", "z=1-r0 zz=1-r0");
    case.refuses(
        "openssl1 openssl3",
        "nothing is left that is `openssl3`: openssl3 3.3-r0 cannot be: openssl1 1.1-r0 provides `so:libssl.so` already",
    );
    let case = Case::of(&["x 1-r0 | p:so:x=1\ny 1-r0 | p:so:x=1\nz 1-r0 | D:so:x"]);
    case.refuses(
        "z",
        "`so:x` is provided by x 1-r0 and y 1-r0, and apk's rules prefer none of them\n  z 1-r0 needs so:x",
    );
}

#[test]
fn conflicts() {
    let case = Case::of(&["
        a 1-r0 | D:!b
        b 1-r0
        c 1-r0 | D:b
        self 1-r0 | D:!it | p:it=1
        d 1-r0 | D:!b<1
    "]);
    case.check("a", "a=1-r0");
    case.check("self", "self=1-r0");
    case.check("d b", "b=1-r0 d=1-r0");
    case.refuses(
        "a c",
        "nothing is left that is `c`: c 1-r0 cannot be: nothing is left that is `b`: b 1-r0 cannot be: a 1-r0 must not be \
         beside it",
    );
}

#[test]
fn install_if() {
    let case = Case::of(&["
        curl 8-r0
        docs 1-r0
        curl-doc 8-r0 | i:docs curl=8-r0 | D:mandoc
        curl-old 7-r0 | i:docs curl=7-r0
        mandoc 1-r0
        next 1-r0 | i:curl-doc
    "]);
    case.check("curl", "curl=8-r0");
    case.check("docs curl", "curl=8-r0 curl-doc=8-r0 docs=1-r0 mandoc=1-r0 next=1-r0");
}

#[test]
fn repositories() {
    let case = Case::of(&["a 1-r0 | D:so:x\nx 1-r0 | p:so:x=1", "a 1-r1 | D:so:x\ny 1-r0 | p:so:x=1"]);
    // The later version wherever it is; of what is alike the earlier repository.
    case.check("a", "a=1-r1 x=1-r0");
    assert_eq!(case.closure("a").expect("a closure").packages[0].index, 1);
}

#[test]
fn alternatives_that_a_later_choice_rules_out() {
    // Every `n` provides `m`, and so no other `m` can be.
    let case = Case::of(&["
        n1 1-r0 | p:n=1 m=1
        n2 1-r0 | p:n=2 m=2
        other 9-r0 | p:m=9
        a 1-r0 | D:m n
    "]);
    case.check("a", "a=1-r0 n2=1-r0");
    // Which of two is chosen first decides: apk's own order is not followed, so there is no answer.
    let case = Case::of(&["
        p1 1-r0 | p:p=2 | D:!q1
        p2 1-r0 | p:p=1
        q1 1-r0 | p:q=2 | D:!p1
        q2 1-r0 | p:q=1
        a 1-r0 | D:p q
    "]);
    let refusal = case.closure("a").expect_err("two closures");
    assert!(refusal.why.starts_with("the closure depends on the order in which apk chooses"), "{refusal}");
}

#[test]
fn broken_packages_are_not_taken() {
    let case = Case::of(&["
        lib 1-r0
        lib 2-r0
        app 1-r0 | D:lib
        app 2-r0 | D:lib=1-r0
        plug 1-r0 | D:lib=2-r0 app
    "]);
    // The later application does not go with the library that is needed.
    case.check("plug", "app=1-r0 lib=2-r0 plug=1-r0");
    Case::of(&["a 1-r0 | D:gone"]).refuses("a", "no package is or provides `gone`\n  a 1-r0 needs gone");
}
