//! Values that look like syntax to somebody on the way. The expected bytes are written out here a second time.

use crate::build::Image;
use serde_json::{Value, json};

const ENV: &[(&str, &str)] = &[
    ("DOUBLE", "say \"hi\" \""),
    ("SINGLE", "it's 'quoted'"),
    ("DOLLAR", "$HOME ${X} $$ ${X:-y} $(id)"),
    ("BACKSLASH", r#"a\b \n \\ \" \$HOME"#),
    ("TRAILING", r"c:\"),
    ("ONLY", r"\"),
    ("TWO", r"\\"),
    ("QUOTE_END", r#"\\""#),
    ("BACKTICK", "`id`"),
    ("HASH", "# no comment # none"),
    ("UNICODE", "é ☃ 日本 \u{1F426}"),
    ("DASHES", "--flag -x"),
    ("TAB", "a\tb\t"),
    ("SPACES", "  two  "),
    ("HEREDOC", "<<EOF"),
    ("ASSIGN", "a=b c=d"),
    ("PERCENT", "%s %d %%"),
    ("GLOB", "* ? [a] {b,c} ~ !"),
    ("SHELL_WORDS", "; rm -rf / & | > /dev/null"),
    ("EMPTY", ""),
    ("ESCAPE_DIRECTIVE", "escape=`"),
];

const LABELS: &[(&str, &str)] = &[
    ("double", "say \"hi\" \""),
    ("single", "it's 'quoted'"),
    ("dollar", "$HOME ${X} $$ ${X:-y} $(id)"),
    ("backslash", r#"a\b \n \\ \" \$HOME"#),
    ("trailing", r"c:\"),
    ("only", r"\"),
    ("two", r"\\"),
    ("quote-end", r#"\\""#),
    ("backtick", "`id`"),
    ("hash", "# no comment # none"),
    ("unicode", "é ☃ 日本 \u{1F426}"),
    ("dashes", "--flag -x"),
    ("tab", "a\tb\t"),
    ("spaces", "  two  "),
    ("heredoc", "<<EOF"),
    ("empty", ""),
    ("com.example.dots-and-dashes.2", "key"),
];

const ENTRYPOINT: &[&str] = &[
    "printf",
    r"%s\0",
    "say \"hi\"",
    "it's",
    "$HOME ${X} $$",
    r"a\b \n \\",
    r"c:\",
    "`id`",
    "# no comment",
    "é ☃ 日本",
    "--flag",
    "a\tb",
    "  two  ",
    "<<EOF",
    "",
    "%s",
    "new\nline\n",
    "\r",
    "bell\u{7}",
    "*",
    "a,b]",
    "[",
];

const CMD: &[&str] = &["cmd \"hi\"", "$HOME", "\\", "`id`", "#", "é", "-x", "\t", "<<EOF", "", "new\nline"];

const CHECK: &[&str] = &["CMD", "test", "$HOME \"q\" 'q' \\ `id`", "!=", "new\nline", "#", "é", ""];

const FILES: &[(&str, &str)] = &[
    (
        "/hostile/text",
        "\"double\" 'single' `backtick` \"#\n$HOME ${X} $$ $(id)\nback\\slash \\n \\\\ trailing\\\n# a comment\n\
         # syntax=docker/dockerfile:1\nEOF\n<<EOF\n<<\"EOF\"\n EOF\n\ttab\t\n--dash\nRUN false\né ☃ 日本\n%s %d %%\n",
    ),
    ("/hostile/no-newline", "$X `y` 'z' \"q\" \\ %s é"),
    ("/hostile/dash", "-n -e"),
    ("/hostile/only-newlines", "\n\n\n"),
    ("/hostile/carriage-return", "a\r\nb\r\n\r\n"),
    ("/hostile/trailing-backslash", "c:\\"),
    ("/hostile/trailing-backslash-newline", "c:\\\nEOF\n"),
    ("/hostile/empty", ""),
    ("/hostile/spaces and $dollar/it's \"here\"", "odd path\n"),
    ("/hostile/$name #1.txt", "odd\n"),
];

/// Everything comes back: from the config, from the files, and from a program that is started with it.
pub fn hostile(image: &Image) {
    let config = image.config();
    let variables: Vec<&str> = config["Env"].as_array().expect("variables").iter().filter_map(Value::as_str).collect();
    for (name, value) in ENV {
        let line = format!("{name}={value}");
        assert!(variables.contains(&line.as_str()), "{line:?} is not in {variables:?}");
    }
    for (name, value) in LABELS {
        assert_eq!(config["Labels"][name], json!(value), "label {name}");
    }
    assert_eq!(config["Entrypoint"], json!(ENTRYPOINT));
    assert_eq!(config["Cmd"], json!(CMD));
    assert_eq!(config["Healthcheck"]["Test"], json!(CHECK));
    assert_eq!(config["WorkingDir"], json!("/hostile/work $dir"));
    assert_eq!(config["Volumes"], json!({"/hostile/volume dir": {}}));
    assert_eq!(config["User"], json!("10001:10001"));

    let said = image.output(&[]);
    let words: Vec<&str> = ENTRYPOINT[2..].iter().chain(CMD).copied().collect();
    let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
    assert_eq!(String::from_utf8_lossy(&said), expected);

    for (path, content) in FILES {
        let found = image.program("cat", &[path]);
        assert_eq!(found, *content, "{path}");
    }
    let environment = image.program("env", &["-0"]);
    let environment: Vec<&str> = environment.split('\0').collect();
    for (name, value) in ENV {
        assert!(environment.contains(&format!("{name}={value}").as_str()), "a process sees {name}={value:?}");
    }
    assert_eq!(image.program("readlink", &["/hostile/link to $nowhere"]), "$HOME/`x` \"y\"\n");
    assert_eq!(image.program("stat", &["-c", "%a", "/hostile/dir with 'quotes' and $dollar"]), "750\n");
}
