//! `matrix`

use crate::base::{ParamName, Span, Spanned};
use crate::diagnostic::codes::{DUPLICATE_NODE, INVALID_VALUE, MISSING_ARGUMENT, MISSING_PROPERTY, TOO_LARGE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Node, Shape, Ty};

/// Rows of values that images are made for, one image a row.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Its axes, in order.
    pub axes: Vec<Axis>,
    exclude: Vec<Row>,
    include: Vec<Row>,
    /// The node's name.
    pub span: Span,
}

/// An axis and its values.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Its name.
    pub name: Spanned<ParamName>,
    /// Its values.
    pub values: Vec<Entry>,
}

/// A value for each of some axes.
#[derive(Debug, Clone)]
struct Row {
    cells: Vec<(Spanned<String>, Entry)>,
    span: Span,
}

/// The rows a matrix may have.
pub const MAX_ROWS: usize = 10_000;

impl Matrix {
    /// Its rows: each combination of the axes' values that is not excluded, in order, the last axis the fastest; then
    /// those that are included. A row holds a value for each axis, in the order of the axes.
    pub fn rows(&self) -> Vec<Vec<&Entry>> {
        let mut rows: Vec<Vec<&Entry>> = vec![Vec::new()];
        for axis in &self.axes {
            let mut longer = Vec::with_capacity(rows.len() * axis.values.len());
            for row in &rows {
                longer.extend(axis.values.iter().map(|value| [row.as_slice(), &[value]].concat()));
            }
            rows = longer;
        }
        rows.retain(|row| !self.exclude.iter().any(|excluded| self.is_excluded(row, excluded)));
        for included in &self.include {
            let value = |axis: &Axis| included.cells.iter().find(|(name, _)| name.value == axis.name.value.as_str());
            rows.push(self.axes.iter().filter_map(value).map(|(_, entry)| entry).collect());
        }
        rows
    }

    fn is_excluded(&self, row: &[&Entry], excluded: &Row) -> bool {
        excluded.cells.iter().all(|(name, value)| {
            let at = self.axes.iter().position(|axis| axis.name.value.as_str() == name.value);
            at.is_some_and(|at| row[at].value == value.value)
        })
    }

    /// Tells rows that name what is no axis, exclude nothing or leave an axis out, and a matrix that is too large.
    fn check(&self, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let mut checked = Ok(());
        let mut tell = |diagnostic| checked = Err(diagnostics.error(diagnostic));
        let names = || self.axes.iter().map(|axis| axis.name.value.as_str());
        for row in self.exclude.iter().chain(&self.include) {
            for (name, _) in row.cells.iter().filter(|(name, _)| !names().any(|axis| axis == name.value)) {
                let message = format!("the matrix has no axis `{}`", name.value);
                tell(Diagnostic::error(&INVALID_VALUE, name.span, message).did_you_mean(&name.value, names()));
            }
        }
        for row in &self.exclude {
            for (name, value) in &row.cells {
                let Some(axis) = self.axes.iter().find(|axis| axis.name.value.as_str() == name.value) else { continue };
                if !axis.values.iter().any(|known| known.value == value.value) {
                    let message =
                        format!("`{}` never is {}, so that this excludes nothing", name.value, value.written());
                    tell(Diagnostic::error(&INVALID_VALUE, value.span, message).also(axis.name.span, "its values"));
                }
            }
        }
        for row in &self.include {
            let lacks = |axis: &&Axis| !row.cells.iter().any(|(name, _)| name.value == axis.name.value.as_str());
            for axis in self.axes.iter().filter(lacks) {
                let message =
                    format!("an included row has a value for every axis, and `{}` is not here", axis.name.value);
                tell(Diagnostic::error(&MISSING_PROPERTY, row.span, message).also(axis.name.span, "the axis"));
            }
        }
        let product = self.axes.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.values.len()));
        if product.is_none_or(|product| product.saturating_add(self.include.len()) > MAX_ROWS) {
            let message = format!("a matrix may make {MAX_ROWS} rows, and this makes more");
            tell(Diagnostic::error(&TOO_LARGE, self.span, message));
        }
        checked
    }
}

/// `exclude` in a matrix.
const EXCLUDE: &Shape = &Shape {
    name: "exclude",
    doc: "Leaves out the rows that have all these values.",
    args: Args::NONE,
    props: &[],
    free_props: Some(("AXIS", Ty::Any)),
    children: &[],
    merge: Merge::Step,
    example: "exclude queue=\"mail\" python=\"3.13\"",
};

/// `include` in a matrix.
const INCLUDE: &Shape = &Shape {
    name: "include",
    doc: "Adds a row, with a value for every axis.",
    args: Args::NONE,
    props: &[],
    free_props: Some(("AXIS", Ty::Any)),
    children: &[],
    merge: Merge::Step,
    example: "include queue=\"sms\" python=\"3.12\"",
};

impl Decode for Matrix {
    const SHAPE: &'static Shape = &Shape {
        name: "matrix",
        doc: "Makes an image for each combination of values. A node in it is an axis: its name, and its values. An axis \
              is a name in expressions, and sets the parameter of its name.",
        args: Args::NONE,
        props: &[],
        free_props: None,
        children: &[EXCLUDE, INCLUDE],
        merge: Merge::Scalar,
        example: "matrix {\n    queue \"mail\" \"billing\"\n    python \"3.12\" \"3.13\"\n    \
                  exclude queue=\"mail\" python=\"3.13\"\n}",
    };

    /// Axes are nodes of free names, which no shape lists.
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let (rows, axes): (Vec<&Node>, Vec<&Node>) =
            node.children().iter().partition(|child| matches!(child.name(), "exclude" | "include"));
        let fixed = Node { children: Some(rows.into_iter().cloned().collect()), ..node.clone() };
        let mut fields = Fields::new(&fixed, Self::SHAPE, diagnostics);
        let mut matrix = Self::from_fields(&mut fields)?;
        for node in axes {
            let axis = Fields::new(node, AXIS, fields.diagnostics()).finish();
            if let Some(first) = matrix.axes.iter().find(|axis| axis.name.value.as_str() == node.name()) {
                let message = format!("the axis `{}` stands twice in one matrix", node.name());
                let diagnostic = Diagnostic::error(&DUPLICATE_NODE, node.name.span, message);
                fields.error(diagnostic.also(first.name.span, "first here"));
            } else if let (Ok(()), Ok(name)) = (axis, fields.parse(&node.name, ParamName::parse)) {
                matrix.axes.push(Axis { name, values: node.args.clone() });
            }
            fields.note(axis);
        }
        if node.children().is_empty() {
            let diagnostic = Diagnostic::error(&MISSING_ARGUMENT, node.name.span, "the matrix has no axis");
            fields.error(diagnostic.hint("as in: matrix { python \"3.12\" \"3.13\" }"));
        }
        fields.finish()?;
        matrix.check(diagnostics)?;
        Ok(matrix)
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let mut rows = |name: &str, shape| {
            let nodes: Vec<&Node> = fields.children(name).collect();
            let row = |node: &Node| Row {
                cells: node.props.iter().map(|prop| (prop.name.clone(), prop.entry.clone())).collect(),
                span: node.name.span,
            };
            let rows: Vec<Row> = nodes.iter().map(|node| row(node)).collect();
            for node in nodes {
                let checked = Fields::new(node, shape, fields.diagnostics()).finish();
                fields.note(checked);
            }
            rows
        };
        let (exclude, include) = (rows("exclude", EXCLUDE), rows("include", INCLUDE));
        Ok(Self { axes: Vec::new(), exclude, include, span: fields.name_span() })
    }
}

/// An axis, whatever its name.
const AXIS: &Shape = &Shape {
    name: "axis",
    doc: "An axis of a matrix.",
    args: Args::some("VALUE", Ty::Any),
    props: &[],
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "python \"3.12\" \"3.13\"",
};
