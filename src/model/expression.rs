//! Expressions: `${{ … }}` in string values, expanded after parsing, so that none can make a node.
//!
//! A value is cut into text and expressions ([`scan`]), which are looked at word by word for what the language does not
//! have; what is between is then worked out by `minijinja` ([`evaluate`]), a lone name without it. Into shell text a
//! value goes quoted for the place that it stands in ([`shell`]).

mod evaluate;
mod filters;
mod scan;
mod shell;

use crate::base::Span;
use crate::diagnostic::codes::{INVALID_EXPRESSION, TOO_LARGE, UNQUOTABLE_EXPRESSION, WRONG_TYPE};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::model::Scope;
use crate::spec::Bound;
use crate::syntax::{Entry, Node, Property, Shape, Ty, Value, Written, shape_of};
use evaluate::evaluate;
pub(super) use filters::Filters;
use scan::{Expression, Piece};
use shell::ShellText;
use std::ops::Range;

/// The bytes that the expressions of one value may put into it.
pub const MAX_VALUE: usize = 64 * 1024;

/// The bytes that the expressions of one body may put into it.
pub const MAX_BODY: usize = crate::syntax::MAX_BYTES;

/// A copy of `nodes`, which stand where `shapes` do, with each string value expanded. A value that is one expression as a
/// whole keeps its type, but that a number or a flag is its text where a string belongs. What is in none of the shapes is
/// told where it is decoded. Every mistake is told before this fails.
pub fn expand_nodes(
    nodes: &[Node],
    shapes: &[&'static Shape],
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Node>, Reported> {
    Expander::new(scope, diagnostics).nodes(nodes, shapes)
}

/// What the argument `entry` of type `ty` expands to: itself, or the elements of a list that it is as a whole.
pub fn expand_entry(
    entry: &Entry,
    ty: Ty,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Entry>, Reported> {
    let mut expanded = Vec::new();
    Expander::new(scope, diagnostics).arg(entry, ty, &mut expanded)?;
    Ok(expanded)
}

/// The text that `entry` expands to, a string.
pub fn expand_text(entry: &Entry, scope: &Scope, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
    let mut expander = Expander::new(scope, diagnostics);
    match &entry.value {
        Value::String(text) => match expander.value(entry, text, Ty::Text)? {
            Some(Bound::One(value)) => Ok(shown(&value)),
            Some(Bound::List(_)) => Err(expander.misplaced_list(entry, Ty::Text, 0..text.len())),
            None => Ok(text.clone()),
        },
        value => {
            let message = format!("a string belongs here, found {}", shown(value));
            Err(expander.diagnostics.error(Diagnostic::error(&WRONG_TYPE, entry.span, message)))
        }
    }
}

/// Whether an expression begins in `text`.
fn has_expression(text: &str) -> bool {
    scan::find(text, 0).is_some()
}

/// Something wrong with an expression.
#[derive(Debug)]
struct Flaw {
    code: &'static Code,
    /// Its place in the value, inside of the expression.
    range: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl Flaw {
    fn new(code: &'static Code, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, range, message: message.into(), hint: None }
    }

    fn invalid(range: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(&INVALID_EXPRESSION, range, message)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The expansion of one body.
struct Expander<'a> {
    scope: &'a Scope,
    diagnostics: &'a mut Diagnostics,
    /// The bytes that expressions have made so far.
    made: usize,
}

impl<'a> Expander<'a> {
    fn new(scope: &'a Scope, diagnostics: &'a mut Diagnostics) -> Self {
        Self { scope, diagnostics, made: 0 }
    }

    fn nodes(&mut self, nodes: &[Node], shapes: &[&'static Shape]) -> Result<Vec<Node>, Reported> {
        let mut expanded = Vec::with_capacity(nodes.len());
        let mut failed = Ok(());
        for node in nodes {
            match self.node(node, shapes) {
                Ok(node) => expanded.push(node),
                Err(reported) => failed = Err(reported),
            }
        }
        failed.map(|()| expanded)
    }

    fn node(&mut self, node: &Node, shapes: &[&'static Shape]) -> Result<Node, Reported> {
        let shape = shape_of(shapes, node.name());
        let mut args = Vec::with_capacity(node.args.len());
        let mut failed = Ok(());
        for entry in &node.args {
            if let Err(reported) = self.arg(entry, shape.map_or(Ty::Any, |shape| shape.args.ty), &mut args) {
                failed = Err(reported);
            }
        }
        let mut props = Vec::with_capacity(node.props.len());
        for prop in &node.props {
            match self.prop(&prop.entry, shape.map_or(Ty::Any, |shape| prop_type(shape, &prop.name.value))) {
                Ok(entry) => props.push(Property { name: prop.name.clone(), entry }),
                Err(reported) => failed = Err(reported),
            }
        }
        // In the block of a node that only groups others (`when`), the nodes are those of its place.
        let inner = shape.map_or(shapes, |shape| shape.children);
        let children = node.children.as_ref().map(|children| self.nodes(children, inner)).transpose();
        failed?;
        Ok(Node {
            annotation: node.annotation.clone(),
            name: node.name.clone(),
            args,
            props,
            children: children?,
            span: node.span,
        })
    }

    fn arg(&mut self, entry: &Entry, ty: Ty, expanded: &mut Vec<Entry>) -> Result<(), Reported> {
        let Value::String(text) = &entry.value else {
            expanded.push(entry.clone());
            return Ok(());
        };
        match self.value(entry, text, ty)? {
            None => expanded.push(entry.clone()),
            Some(Bound::One(value)) => expanded.push(with_value(entry, fitting(value, ty))),
            Some(Bound::List(elements)) => {
                expanded.extend(elements.into_iter().map(|element| with_value(entry, Value::String(element))));
            }
        }
        Ok(())
    }

    fn prop(&mut self, entry: &Entry, ty: Ty) -> Result<Entry, Reported> {
        let Value::String(text) = &entry.value else { return Ok(entry.clone()) };
        match self.value(entry, text, ty)? {
            None => Ok(entry.clone()),
            Some(Bound::One(value)) => Ok(with_value(entry, fitting(value, ty))),
            Some(Bound::List(_)) => Err(self.misplaced_list(entry, ty, 0..text.len())),
        }
    }

    /// What `text`, the value of `entry`, expands to; `None` for itself.
    fn value(&mut self, entry: &Entry, text: &str, ty: Ty) -> Result<Option<Bound>, Reported> {
        if !has_expression(text) {
            return Ok(None);
        }
        let pieces = scan::pieces(text).map_err(|flaw| self.tell(entry, text, flaw))?;
        if let ([Piece::Expression(expression)], false) = (pieces.as_slice(), ty == Ty::Shell) {
            let bound = self.evaluate(entry, text, expression)?;
            self.count(entry, text, expression, bytes(&bound))?;
            return Ok(Some(bound));
        }
        let mut out = String::with_capacity(text.len());
        let mut shell = (ty == Ty::Shell).then(ShellText::default);
        let (mut made, mut failed) = (0, Ok(()));
        for (index, piece) in pieces.iter().enumerate() {
            let expression = match piece {
                Piece::Text(literal) => {
                    shell.iter_mut().for_each(|shell| shell.read(literal));
                    out.push_str(literal);
                    continue;
                }
                Piece::Expression(expression) => expression,
            };
            let value = match self.evaluate(entry, text, expression) {
                Ok(value) => value,
                Err(reported) => {
                    failed = Err(reported);
                    continue;
                }
            };
            let before = out.len();
            let next = pieces.get(index + 1).map(|next| match next {
                Piece::Text(literal) => literal.chars().next().unwrap_or_default(),
                Piece::Expression(_) => '$',
            });
            let put = match (&mut shell, value) {
                (None, Bound::One(value)) => {
                    out.push_str(&shown(&value));
                    Ok(())
                }
                (Some(shell), Bound::One(value)) => shell.push(&value, next, &mut out),
                (Some(shell), Bound::List(elements)) if shell.is_whole_word(next) => {
                    shell.push_words(elements, next, &mut out)
                }
                (_, Bound::List(_)) => {
                    failed = Err(self.misplaced_list(entry, ty, expression.range.clone()));
                    continue;
                }
            };
            if let Err(misfit) = put {
                let flaw = Flaw::new(&UNQUOTABLE_EXPRESSION, expression.range.clone(), misfit.message());
                failed = Err(self.tell(entry, text, flaw.hint(misfit.hint())));
            }
            made += out.len() - before;
            self.count(entry, text, expression, made)?;
        }
        failed.map(|()| Some(Bound::One(Value::String(out))))
    }

    fn evaluate(&mut self, entry: &Entry, text: &str, expression: &Expression) -> Result<Bound, Reported> {
        let bound = evaluate(text, expression, self.scope);
        bound.map_err(|flaw| self.tell(entry, text, flaw))
    }

    /// Takes note that the value of `entry` holds `made` bytes of expressions.
    fn count(&mut self, entry: &Entry, text: &str, expression: &Expression, made: usize) -> Result<(), Reported> {
        let too_large = |message| Flaw::new(&TOO_LARGE, expression.range.clone(), message);
        if made > MAX_VALUE {
            let message =
                format!("the expressions of a value may make {} KiB of it, and these make more", MAX_VALUE >> 10);
            return Err(self.tell(entry, text, too_large(message)));
        }
        self.made += made;
        if self.made > MAX_BODY {
            let message =
                format!("the expressions of a body may make {} MiB of it, and these make more", MAX_BODY >> 20);
            return Err(self.tell(entry, text, too_large(message)));
        }
        Ok(())
    }

    fn misplaced_list(&mut self, entry: &Entry, ty: Ty, range: Range<usize>) -> Reported {
        let text = if let Value::String(text) = &entry.value { text.as_str() } else { "" };
        let flaw = Flaw::new(&WRONG_TYPE, range, "a list stands where one value belongs");
        let hint = match ty {
            Ty::Shell => {
                "as a whole word outside quotes it is its elements, a word each; `| join(\" \")` makes one word of it"
            }
            _ => "`| join(\" \")` makes one string of it; as a whole argument it is its elements",
        };
        self.tell(entry, text, flaw.hint(hint))
    }

    fn tell(&mut self, entry: &Entry, text: &str, flaw: Flaw) -> Reported {
        let diagnostic = Diagnostic::error(flaw.code, place(entry, text, &flaw.range), flaw.message);
        self.diagnostics.error(flaw.hint.into_iter().fold(diagnostic, Diagnostic::hint))
    }
}

/// Where the part `range` of the value `text` stands in the file, as far as its expression is written as it reads: in an
/// escape or over several lines it is not. The place of the value else.
fn place(entry: &Entry, text: &str, range: &Range<usize>) -> Span {
    let written = entry.written();
    let is_verbatim = (entry.span.end - entry.span.start) as usize == written.len();
    let expression = scan::around(text, range);
    let needle = &text[expression.clone()];
    if !is_verbatim || needle.is_empty() || written.matches(needle).count() != text.matches(needle).count() {
        return entry.span;
    }
    let earlier = text[..expression.start].matches(needle).count();
    let Some((at, _)) = written.match_indices(needle).nth(earlier) else { return entry.span };
    let start = entry.span.start as usize + at + (range.start - expression.start);
    Span::new(entry.span.file, start, start + range.len())
}

/// `entry` with another value, which stands at the same place.
fn with_value(entry: &Entry, value: Value) -> Entry {
    Entry { annotation: entry.annotation.clone(), ..entry_at(value, entry.span) }
}

/// `value` as it would be written, at `span`.
pub(super) fn entry_at(value: Value, span: Span) -> Entry {
    let written = match &value {
        Value::String(text) => Written::in_quotes(text),
        Value::Bool(flag) => Written::new(&value, &format!("#{flag}")),
        other => Written::new(other, &shown(other)),
    };
    Entry { annotation: None, value, written, span }
}

/// A value where a `ty` belongs: its text where that is a string.
fn fitting(value: Value, ty: Ty) -> Value {
    match (&value, ty) {
        (_, Ty::Any | Ty::Bool | Ty::Integer | Ty::Port) => value,
        (Value::Integer(_) | Value::Bool(_), _) => Value::String(shown(&value)),
        _ => value,
    }
}

/// A value as text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Null => "#null".to_owned(),
    }
}

/// What a value counts for: an element that is empty is something too.
fn bytes(bound: &Bound) -> usize {
    match bound {
        Bound::One(Value::String(text)) => text.len(),
        Bound::One(_) => 1,
        Bound::List(elements) => elements.iter().map(|element| element.len() + 1).sum(),
    }
}

fn prop_type(shape: &Shape, name: &str) -> Ty {
    let free = || shape.free_props.map_or(Ty::Any, |(_, ty)| ty);
    shape.prop(name).map_or_else(free, |prop| prop.ty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::diagnostic::Sources;
    use crate::spec::IMAGE_NODES;
    use crate::syntax::{parse, print};

    fn scope() -> Scope {
        let mut scope = Scope::new();
        for (name, value) in [
            ("image", Bound::text("cart")),
            ("evil", Bound::text("a'b\"$(c)`\\")),
            ("code", Bound::text("${{ port }}")),
            ("port", Bound::One(Value::Integer(8080.into()))),
            ("debug", Bound::One(Value::Bool(true))),
            ("hosts", Bound::List(vec!["a".to_owned(), "b c".to_owned()])),
        ] {
            scope.bind(name, value, Span::file_start(FileId(9)));
        }
        scope
    }

    /// The nodes that `text` expands to, or each diagnostic with the text it points to.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add("image.kdl", text);
        let nodes = parse(file, text, &mut diagnostics).expect(text);
        let expanded = expand_nodes(&nodes, IMAGE_NODES, &scope(), &mut diagnostics);
        let told = diagnostics.into_sorted().into_iter().map(|d| {
            let span = d.span().expect("a place");
            let hints: Vec<String> = d.hints.iter().map(|hint| format!(" ({hint})")).collect();
            let place = &text[span.start as usize..span.end as usize];
            format!("{} at `{place}`: {}{}\n", d.code.name, d.message, hints.concat())
        });
        let told: String = told.collect();
        assert_eq!(expanded.is_err(), !told.is_empty(), "{text}: {told}");
        let shown = expanded.map_or(told, |nodes| print(&nodes));
        assert_eq!(shown.trim_end(), expected.trim_end(), "{text}");
    }

    #[test]
    fn values_keep_their_type() {
        check("expose \"${{ port }}\" \"${{port+1}}\"", "expose 8080 8081");
        check(
            "env A=\"${{ port }}\" B=\"p${{ port }}${{ debug }}\" C=\"${{ debug }}\"",
            "env A=\"8080\" B=\"p8080true\" C=\"true\"",
        );
        check("cmd \"x\" \"${{ hosts }}\" \"y\" #true", "cmd \"x\" \"a\" \"b c\" \"y\" #true");
        check("cmd \"${{ [] }}\"", "cmd");
        check("healthcheck \"${{ port }}\" retries=\"${{ 1 + 2 }}\"", "healthcheck \"8080\" retries=3");
        check("cmd \"${{ hosts | join(',') }}\"", "cmd \"a,b c\"");
        check(
            "stage \"${{ image }}-b\" { copy \"${{ image }}\" to=\"/${{ image }}\"; }",
            "stage \"cart-b\" {\n    copy \"cart\" to=\"/cart\"\n}",
        );
        check("env A=\"$x ${ {{ }} }\" B=\"{{ image }}\"", "env A=\"$x ${ {{ }} }\" B=\"{{ image }}\"");
        check("cmd \"${{ '${{' }} port }}\" \"${{ code }}\"", "cmd \"${{ port }}\" \"${{ port }}\"");
        check(
            "file \"/a\" \"\"\"\n  x = ${{ port }}\n  ${{ evil }}\n  \"\"\"",
            "file \"/a\" \"\"\"\n    x = 8080\n    a'b\\\"$(c)`\\\\\n    \"\"\"".replace("\\\"$", "\"$").as_str(),
        );
        check(
            "unknown \"${{ port }}\" a=\"${{ port }}\" { b \"${{ image }}\"; }",
            "unknown 8080 a=8080 {\n    b \"cart\"\n}",
        );
    }

    #[test]
    fn shell_text_is_quoted() {
        check("run \"echo ${{ image }} ${{ evil }}\"", "run \"echo cart \\\"a'b\\\\\\\"\\\\$(c)\\\\`\\\\\\\\\\\"\"");
        check(
            "run { sh #\"echo \"${{ image }} 1\" '${{ evil }}'\"#; }",
            "run {\n    sh \"echo \\\"cart 1\\\" 'a'\\\\''b\\\"$(c)`\\\\'\"\n}",
        );
        check("run \"${{ code }}\"", "run \"\\\"\\\\${{ port }}\\\"\"");
        check("when a=\"b\" { run \"echo ${{ hosts[1] }}\"; }", "when a=\"b\" {\n    run \"echo 'b c'\"\n}");
        check("entrypoint shell=\"exec ${{ hosts[1] }}\"", "entrypoint shell=\"exec 'b c'\"");
        check("cmd \"exec ${{ hosts[1] }}\"", "cmd \"exec b c\"");
    }

    #[test]
    fn mistakes_are_told_at_the_expression() {
        let undefined = "there is no parameter `prot` here (did you mean `port`?)";
        check("expose \"${{ prot }}\"", &format!("undefined-name at `prot`: {undefined}"));
        check("cmd \"prot ${{ port }} é ${{ prot }}\"", &format!("undefined-name at `prot`: {undefined}"));
        check("cmd #\"\"${{ prot }}\"\"#", &format!("undefined-name at `prot`: {undefined}"));
        check("file \"/a\" \"\"\"\n  a\n   ${{ prot }}\n  \"\"\"", &format!("undefined-name at `prot`: {undefined}"));
        check("cmd \"\\t${{ prot }}\"", &format!("undefined-name at `prot`: {undefined}"));
        check("cmd \"${{\\tprot }}\"", &format!("undefined-name at `\"${{{{\\tprot }}}}\"`: {undefined}"));
        check(
            "env A=\"${{ prot }}\" B=\"${{ port | x }}${{ prot }}\"",
            &format!(
                "undefined-name at `prot`: {undefined}\ninvalid-expression at `x`: there is no filter `x` (there are abs, \
                 capitalize, default, first, int, join, last, length, list, lower, max, min, replace, reverse, sort, split, \
                 string, trim, unique, upper)\nundefined-name at `prot`: {undefined}"
            ),
        );
        check(
            "cmd \"a ${{ port\"",
            "invalid-expression at `${{`: `${{` is not closed (close it with `}}`; a literal `${{` is written as ${{ '${{' }})",
        );
        check("cmd \"a ${{ 'port }}\"", "invalid-expression at `'`: a string is not closed with '");
    }

    #[test]
    fn lists_stand_as_whole_arguments() {
        let list = "a list stands where one value belongs (`| join(\" \")` makes one string of it; as a whole argument it is \
                    its elements)";
        check("env A=\"${{ hosts }}\"", &format!("wrong-type at `${{{{ hosts }}}}`: {list}"));
        check("cmd \"x ${{ hosts }}\"", &format!("wrong-type at `${{{{ hosts }}}}`: {list}"));
        let word = "a list stands where one value belongs (as a whole word outside quotes it is its elements, a word each; \
                    `| join(\" \")` makes one word of it)";
        for text in
            ["x \\\"${{ hosts }}\\\"", "x '${{ hosts }}'", "x -${{ hosts }}", "x ${{ hosts }}a", "x >${{ hosts }}"]
        {
            check(&format!("run \"{text}\""), &format!("wrong-type at `${{{{ hosts }}}}`: {word}"));
        }
        check("run \"${{ hosts }}\"", "run \"a 'b c'\"");
    }

    #[test]
    fn what_expressions_make_is_bounded() {
        let mut scope = scope();
        scope.bind("big", Bound::text("x".repeat(40_000)), Span::file_start(FileId(9)));
        let expand = |text: &str| {
            let mut diagnostics = Diagnostics::new();
            let nodes = parse(FileId(0), text, &mut diagnostics).expect("KDL");
            let expanded = expand_nodes(&nodes, IMAGE_NODES, &scope, &mut diagnostics);
            expanded.map_or_else(|_| diagnostics.into_sorted()[0].message.clone(), |_| "fine".to_owned())
        };
        assert_eq!(expand("cmd \"${{ big }}.\""), "fine");
        let message = "the expressions of a value may make 64 KiB of it, and these make more";
        assert_eq!(expand("cmd \"${{ big }}${{ big }}\""), message);
        let message = "the expressions of a body may make 4 MiB of it, and these make more";
        assert_eq!(expand(&"cmd \"${{ big }}\"\n".repeat(200)), message);
    }
}
