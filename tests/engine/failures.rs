//! A failing command anywhere in a run fails the build.

use crate::build::{Image, compiled, copy_of};
use std::fs;
use std::path::Path;

/// A command of the case `multi-command`, and one in its place that fails: first, in the middle, last; before and
/// after `||`; in a pipe; in a loop, a case, a condition's body, a subshell, a here-document's command.
pub const BROKEN: &[(&str, &str)] = &[
    ("mkdir -p /out/plain", "false"),
    ("cp /in/words.txt /out/plain/words.txt", "cp /nowhere /out/plain/words.txt"),
    ("|| echo absent >", "|| false >"),
    ("sort /in/words.txt |", "sort /nowhere |"),
    ("| uniq -c |", "| false |"),
    ("*) echo \"$word\" >> /out/others", "*) false"),
    ("then echo some > /out/found", "then false"),
    ("cat > /out/here", "cat > /nowhere/here"),
    ("(umask 077;", "(umask 077; exit 3); (umask 077;"),
    ("umask 077; echo secret > /out/private", "umask 077; echo secret > /nowhere/private"),
    ("echo after >>", "false && echo after >>"),
];

/// Puts `broken` in the place of `command` in the spec of `case`.
pub fn break_command(case: &Path, command: &str, broken: &str) {
    let path = case.join("image.kdl");
    let spec = fs::read_to_string(&path).expect("a spec");
    assert!(spec.contains(command), "{command:?} is not in the spec");
    fs::write(path, spec.replacen(command, broken, 1)).expect("it can be written");
}

#[test]
#[ignore = "needs docker"]
fn failing_commands_fail_the_build() {
    for (command, broken) in BROKEN {
        let case = copy_of("multi-command");
        break_command(case.path(), command, broken);
        let image = Image::unused("multi-command");
        let output = compiled(case.path()).attempt(&image, &[]);
        assert!(!output.success, "{broken:?} in place of {command:?} builds\n{}", output.stderr);
        assert!(output.stderr.contains("did not complete successfully"), "another failure\n{}", output.stderr);
    }
}
