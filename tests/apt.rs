//! Closures are apt's: random sets of packages over the real indexes of an archive, decided here and by `apt-get -s` in
//! roots of its own, must be the same by name and version.
//!
//! The sources are the machine's own, with suites of two releases. `IMGSPEC_APT_SETS` is how many sets a base has (300),
//! `IMGSPEC_APT_SEED` which (1), `IMGSPEC_APT_BASES` a directory of further statuses `<release>-<name>`.

#[path = "apt/bases.rs"]
mod bases;
#[path = "apt/root.rs"]
mod root;
#[path = "apt/sets.rs"]
mod sets;

use bases::Base;
use imgspec::resolve::apt::{Asked, Closure, Refusal, Why};
use root::{Answer, Root};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How the answers for a base's sets compare.
#[derive(Debug, Default)]
struct Tally {
    /// Both install the same.
    equal: usize,
    /// Both refuse.
    refused: usize,
    /// apt installs what is refused here.
    missed: usize,
    /// What is installed here is not what apt installs.
    wrong: usize,
}

fn compare(tally: &mut Tally, asked: &Asked, ours: &Result<Closure, Refusal>, apt: &Answer) {
    let set =
        format!("{}{}", if asked.recommends { "--install-recommends " } else { "" }, sets::words(asked).join(" "));
    match (ours, apt) {
        (Ok(closure), Answer::Installs(theirs)) => {
            let ours: Vec<(String, String)> =
                closure.packages.iter().map(|chosen| (chosen.name.clone(), chosen.version.clone())).collect();
            if ours == *theirs {
                tally.equal += 1;
                return;
            }
            tally.wrong += 1;
            let more: Vec<_> = ours.iter().filter(|one| !theirs.contains(one)).collect();
            let less: Vec<_> = theirs.iter().filter(|one| !ours.contains(one)).collect();
            println!("WRONG {set}\n  ours alone: {more:?}\n  apt alone: {less:?}");
        }
        (Ok(_), Answer::Refuses(why)) => {
            tally.wrong += 1;
            println!("WRONG {set}\n  apt refuses: {why}");
        }
        (Err(_), Answer::Refuses(_)) => tally.refused += 1,
        (Err(refusal), Answer::Installs(_)) => {
            tally.missed += 1;
            println!("MISSED {set}\n  {refusal}");
        }
    }
}

/// Decides the sets of a base, on two threads as apt is slow.
fn measure(root: &Root, base: &Base, sets: Vec<Asked>) -> Tally {
    let tally = Mutex::new(Tally::default());
    let next = AtomicUsize::new(0);
    let status = root.status_file(base);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(asked) = sets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ours = base.universe.closure(asked);
                    let exact = exactly(asked, &ours);
                    let apt = root.ask(&status, &exact);
                    compare(&mut tally.lock().expect("a tally"), asked, &ours, &apt);
                }
            });
        }
    });
    tally.into_inner().expect("a tally")
}

/// What apt is asked: patterns and relations are what they were decided to be, for apt has no relations.
fn exactly(asked: &Asked, ours: &Result<Closure, Refusal>) -> Asked {
    let mut exact = asked.clone();
    for (name, version) in &mut exact.packages {
        if version.as_ref().is_some_and(imgspec::base::DebVersion::is_pattern) {
            let chosen = ours.as_ref().ok().and_then(|closure| closure.packages.iter().find(|one| one.name == *name));
            *version = chosen.and_then(|one| imgspec::base::DebVersion::parse(&one.version).ok()).or(version.take());
        }
    }
    exact
}

fn check(root: &Root, bases: Vec<Base>) {
    let count = number("IMGSPEC_APT_SETS", 300);
    let seed = number("IMGSPEC_APT_SEED", 1) as u64;
    let mut wrong = 0;
    for (number, base) in bases.into_iter().enumerate() {
        let sets = sets::sets(&root.pool, seed * 1000 + number as u64, count);
        let tally = measure(root, &base, sets);
        println!(
            "{}: {count} sets, {} equal, {} refused by both, {} by us alone, {} wrong",
            base.name, tally.equal, tally.refused, tally.missed, tally.wrong
        );
        wrong += tally.wrong;
        assert!(tally.missed * 50 <= count, "{}: {} sets are refused that apt can have", base.name, tally.missed);
    }
    assert_eq!(wrong, 0, "closures that are not apt's");
}

#[test]
#[ignore = "needs an apt archive"]
fn bookworm() {
    let root = Root::new("bookworm", "amd64");
    check(&root, bases::of(&root));
}

#[test]
#[ignore = "needs an apt archive"]
fn trixie() {
    let root = Root::new("trixie", "amd64");
    check(&root, bases::of(&root));
}

#[test]
#[ignore = "needs an apt archive"]
fn bookworm_arm64() {
    let root = Root::new("bookworm", "arm64");
    check(&root, bases::of(&root));
}

#[test]
#[ignore = "needs an apt archive"]
fn one_set() {
    let Ok(words) = std::env::var("IMGSPEC_APT_SET") else { return };
    let release = std::env::var("IMGSPEC_APT_RELEASE").unwrap_or_else(|_| "bookworm".to_owned());
    let root = Root::new(&release, &std::env::var("IMGSPEC_APT_ARCH").unwrap_or_else(|_| "amd64".to_owned()));
    let asked = sets::parse(&words);
    let wanted = std::env::var("IMGSPEC_APT_BASE").unwrap_or_default();
    for base in bases::of(&root).into_iter().filter(|base| base.name.contains(&wanted)) {
        let ours = base.universe.closure(&asked);
        let mut tally = Tally::default();
        compare(&mut tally, &asked, &ours, &root.ask(&root.status_file(&base), &exactly(&asked, &ours)));
        println!("{}: {tally:?}", base.name);
        match ours {
            Ok(closure) => println!("  {} packages", closure.packages.len()),
            Err(refusal) => println!("  {refusal}"),
        }
    }
}

/// Refusals that are to be told in a certain way.
#[test]
#[ignore = "needs an apt archive"]
fn refusals_have_reasons() {
    let root = Root::new("bookworm", "amd64");
    let base = bases::minimal(&root);
    let why = |words: &str| base.universe.closure(&sets::parse(words)).expect_err(words).why;
    assert!(matches!(why("no-such-package"), Why::Unknown(..)));
    assert!(matches!(why("mail-transport-agent"), Why::Virtual(..)));
    assert!(matches!(why("curl=0.1"), Why::Version(..)));
    assert!(matches!(why("exim4-daemon-light postfix"), Why::Conflict(..)));
    assert!(matches!(why("curl:i386"), Why::NotFollowed(..)));
}

/// Versions have dpkg's order.
#[test]
#[ignore = "needs an apt archive"]
fn versions_have_the_order_of_dpkg() {
    let mut chance = sets::Chance::new(7);
    for _ in 0..300 {
        let [one, other] = [(); 2].map(|()| {
            let parts = ["0", "1", "10", "09", ".", "-", "~", "+", "a", "b1", "rc", "deb12u", "1:", "2"];
            let text: String = (0..chance.below(6)).map(|_| chance.of(&parts)).collect();
            // A revision is not empty (Debian policy 5.6.12).
            let text = text.replace(':', ".");
            format!("{}{}", chance.of(&["1", "0", "2:1", "1.0", "0:9"]), text.trim_end_matches('-'))
        });
        let order = imgspec::base::compare_deb_versions(one.as_bytes(), other.as_bytes());
        let word = ["lt", "eq", "gt"][(order as i8 + 1) as usize];
        let run = std::process::Command::new("dpkg").args(["--compare-versions", &one, word, &other]).status();
        assert!(run.expect("dpkg").success(), "{one} {word} {other}");
    }
}
