//! Texts that are KDL, and texts that nearly are.

use proptest::prelude::*;
use proptest::test_runner::TestRng;

/// A document with all that KDL has; now and then a string or number in it is none.
pub fn document() -> impl Strategy<Value = String> {
    Just(()).prop_perturb(|(), rng| {
        let mut dice = Dice(rng);
        let mut out = dice.seldom(20, "\u{feff}").to_owned();
        out.push_str(dice.seldom(20, "/- kdl-version 2\n¦/-kdl-version 1\n¦/- kdl-version 2;"));
        nodes(&mut dice, 0, &mut out);
        out
    })
}

/// A document with something added, removed or doubled.
pub fn mutated() -> impl Strategy<Value = String> {
    document().prop_perturb(|mut text, rng| {
        let mut dice = Dice(rng);
        for _ in 0..=dice.below(3) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (one, other) = (dice.below(places.len()), dice.below(places.len()));
            let (start, end) = (places[one.min(other)], places[one.max(other).min(one.min(other) + 20)]);
            match dice.below(4) {
                0 => text.insert_str(start, dice.pick(PIECES)),
                1 => text.replace_range(start..end, ""),
                2 => text.replace_range(start..end, dice.pick(PIECES)),
                _ => {
                    let piece = text[start..end].to_owned();
                    text.insert_str(end, &piece);
                }
            }
        }
        text
    })
}

/// Pieces strung together.
pub fn soup() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = FREQUENT.split('¦').chain(PIECES.split('¦')).collect();
    prop::collection::vec(prop::sample::select(pieces), 0..26).prop_map(|pieces| pieces.concat())
}

const FREQUENT: &str = " ¦\n¦ ¦\n¦a ¦ b¦{¦}¦;¦=¦a¦b¦\"x\"¦ c=1 ¦1¦\r\n¦ ¦\n¦{¦}¦;¦=¦a ¦ b¦  ";

const PIECES: &str = "/-¦//¦/*¦*/¦(¦)¦(t)¦\\¦\\\n¦#¦#true¦#\"¦\"#¦#\"r\"#¦-¦+¦.¦\"\"\"¦\"\"\"\n¦\n\"\"\"¦\n  \"\"\"¦#\"\"\"\n¦\n\"\"\"#\
    ¦\"¦\\n¦\\u{¦}¦0x¦1.5¦e¦_¦\t¦\u{a0}¦\u{85}¦\u{2028}¦\u{c}¦é¦true¦r¦\u{feff}¦\u{7f}¦\\ ¦/- ¦// c\n¦/* c */¦a {\n¦\n}\n¦=(t)¦[\
    ¦:¦$¦\\s¦\n  x¦-1¦+.¦inf¦\r¦\u{b}¦\u{2029}¦##\"¦\"##¦#inf¦#-inf¦#nan¦#null¦0o7¦0b1¦1e5¦\\u{e9}¦'¦“¦”¦,¦]¦`¦${¦$(¦r\"¦r#\"\
    ¦\u{200e}¦\u{3000}¦\\\\¦\\\"¦\\/¦/- kdl-version 2\n¦http://x¦170141183460469231731687303715884105728";

/// What chance decides.
struct Dice(TestRng);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0.next_u32() as usize % sides
    }

    /// True once in so many times.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of what stands between the bars.
    fn pick(&mut self, list: &'static str) -> &'static str {
        let index = self.below(list.split('¦').count());
        list.split('¦').nth(index).unwrap_or_default()
    }

    /// One of them once in so many times, else nothing.
    fn seldom(&mut self, times: usize, list: &'static str) -> &'static str {
        if self.one_in(times) { self.pick(list) } else { "" }
    }

    /// Up to `most` of them.
    fn some(&mut self, most: usize, list: &'static str) -> String {
        (0..self.below(most + 1)).map(|_| self.pick(list)).collect()
    }
}

fn nodes(dice: &mut Dice, depth: usize, out: &mut String) {
    let number = dice.below(if depth == 0 { 6 } else { 4 });
    out.push_str(dice.seldom(3, "\n¦ ¦// c\n¦/*c*/¦\n  ¦\\\n¦\u{85}"));
    for left in (0..number).rev() {
        node(dice, depth, out);
        if left > 0 || !dice.one_in(3) {
            const ENDS: &str =
                "\n¦\n¦\n¦\r\n¦\r¦\u{85}¦\u{b}¦\u{c}¦\u{2028}¦\u{2029}¦\n\n¦;¦;\n¦ // c\n¦ ; ¦\n  ¦\n// c\n";
            out.push_str(dice.pick(ENDS));
        }
    }
}

fn node(dice: &mut Dice, depth: usize, out: &mut String) {
    out.push_str(dice.seldom(10, "/-¦/- ¦/-\n¦/- // c\n¦/-/*c*/"));
    out.push_str(&annotation(dice, 8));
    out.push_str(&name(dice));
    for _ in 0..dice.below(4) {
        out.push_str(space(dice));
        out.push_str(dice.seldom(9, "/-¦/- ¦/-\n ¦/- // c\n"));
        if dice.one_in(3) {
            out.push_str(&[&name(dice), spaced(dice), "=", spaced(dice)].concat());
        }
        out.push_str(&value(dice));
    }
    let mut open = false;
    while depth < 4 && dice.one_in(if open { 6 } else { 3 }) {
        out.push_str(spaced(dice));
        if open || dice.one_in(6) {
            out.push_str(dice.pick("/-¦/- ¦/-\n"));
        } else {
            open = true;
        }
        out.push('{');
        nodes(dice, depth + 1, out);
        out.push('}');
    }
    out.push_str(spaced(dice));
}

fn value(dice: &mut Dice) -> String {
    let annotation = annotation(dice, 7);
    let value = match dice.below(10) {
        0..=3 => string(dice),
        4..=5 => number(dice),
        6 => dice.pick("#true¦#false¦#null¦#inf¦#-inf¦#nan").to_owned(),
        _ => word(dice).to_owned(),
    };
    annotation + &value
}

fn annotation(dice: &mut Dice, times: usize) -> String {
    if !dice.one_in(times) {
        return String::new();
    }
    ["(", spaced(dice), &name(dice), spaced(dice), ")", spaced(dice)].concat()
}

fn name(dice: &mut Dice) -> String {
    if dice.one_in(4) { string(dice) } else { word(dice).to_owned() }
}

fn word(dice: &mut Dice) -> &'static str {
    dice.pick(
        "a¦b¦node¦-¦+¦--x¦a-b¦é¦_¦.¦-.¦.a¦+a¦a1¦x.y¦日本¦don't¦a:b¦a$b¦<¦@x¦~¦*¦&¦%¦?¦!¦|¦^¦kdl-version¦tru¦nulls¦infx¦r¦🦀",
    )
}

/// Space within a node.
fn space(dice: &mut Dice) -> &'static str {
    dice.pick(
        " ¦ ¦ ¦ ¦  ¦\t¦ /*x*/ ¦/*y*/¦\\\n¦ \\ // c\n  ¦\u{a0}¦ /* /*n*/ \n*/¦\u{3000}¦\\ /*q*/ \r\n¦ \\\n\\\n¦\\\u{85}",
    )
}

fn spaced(dice: &mut Dice) -> &'static str {
    if dice.one_in(5) { space(dice) } else { "" }
}

fn string(dice: &mut Dice) -> String {
    let hashes = dice.pick("#¦#¦##");
    match dice.below(12) {
        0..=4 => format!("\"{}\"", dice.some(5, ESCAPED)),
        5..=7 => format!("{hashes}\"{}\"{hashes}", dice.some(5, RAW)),
        8 | 9 => format!("\"\"\"{}\"\"\"", lines(dice, LINE)),
        _ => format!("{hashes}\"\"\"{}\"\"\"{hashes}", lines(dice, RAW)),
    }
}

const ESCAPED: &str = "x¦ ¦y z¦é¦\\n¦\\\\¦\\\"¦\\t¦\\u{1f600}¦\\u{0}¦\\s¦\\ ¦\\  \n  ¦\\b\\f\\r¦'¦#¦/*¦//¦{¦\t¦\u{2003}¦\\\u{85} ¦日¦${{ x }}\
    ¦\\u{10FFFF}¦(¦/-¦\\\r\n";

const RAW: &str = "x¦ ¦y¦\\¦\"¦\"¦é¦#¦'¦/*¦{¦\\n¦\"\"¦\\ ¦\t";

const LINE: &str = "x¦y ¦\\n¦\"¦\"\"¦é¦\\\"\"\"¦\\ ¦\\\n   ¦\\s¦\t¦\\\\¦\\u{e9}¦  ¦\\\n\n";

/// What stands between `"""` and `"""`.
fn lines(dice: &mut Dice, pieces: &'static str) -> String {
    let indent = dice.pick("¦  ¦\t¦    ¦ \u{2003}");
    let line_break = dice.pick("\n¦\n¦\n¦\r\n¦\r¦\u{85}¦\u{2028}");
    let mut out = line_break.to_owned();
    for _ in 0..dice.below(6) {
        match dice.below(6) {
            0 => {}
            1 => out.push(' '),
            2 => out.push_str(&[indent, "  "].concat()),
            _ => {
                let further = dice.seldom(3, "  ¦\t¦ ¦\u{a0}");
                out.push_str(&[indent, further, &dice.some(4, pieces), dice.seldom(8, "  ")].concat());
            }
        }
        out.push_str(line_break);
    }
    out + indent + dice.seldom(12, "\\ ¦\\\n¦\\  \\\n  ")
}

fn number(dice: &mut Dice) -> String {
    let sign = dice.pick("¦¦¦-¦+");
    let exponent = dice.pick("e¦E¦e-¦E+");
    let unsigned = match dice.below(10) {
        0..=3 => digits(dice, DECIMAL),
        4 => format!("0x{}", digits(dice, "0¦1¦9¦a¦f¦A¦F")),
        5 => format!("0o{}", digits(dice, "0¦1¦7")),
        6 => format!("0b{}", digits(dice, "0¦1")),
        7 => format!("{}.{}", digits(dice, DECIMAL), digits(dice, DECIMAL)),
        8 => format!("{}{exponent}{}", digits(dice, DECIMAL), digits(dice, "0¦1¦2")),
        _ => format!("{}.{}{exponent}{}", digits(dice, DECIMAL), digits(dice, DECIMAL), digits(dice, "0¦1¦2")),
    };
    if dice.one_in(5) { dice.pick(NUMBERS).to_owned() } else { format!("{sign}{unsigned}") }
}

const DECIMAL: &str = "0¦1¦2¦3¦4¦5¦6¦7¦8¦9";

const NUMBERS: &str = "170141183460469231731687303715884105727¦170141183460469231731687303715884105728\
    ¦-170141183460469231731687303715884105728¦-170141183460469231731687303715884105727¦0x7fffffffffffffffffffffffffffffff\
    ¦0x80000000000000000000000000000000¦0755¦00¦-0¦+0.0¦-0.0¦1e999¦1e-999¦0x0¦1_¦1_000¦3.10¦1__2._¦1_.5¦0e0\
    ¦1.7976931348623157e308¦5e-324¦0.1¦123456789012345678¦1234567890123456789012¦999999999999999999¦0000000000000000000000001";

fn digits(dice: &mut Dice, digits: &'static str) -> String {
    let number = if dice.one_in(12) { 20 + dice.below(25) } else { dice.below(5) };
    let rest: String = (0..number).map(|_| if dice.one_in(6) { "_" } else { dice.pick(digits) }).collect();
    dice.pick(digits).to_owned() + &rest
}
