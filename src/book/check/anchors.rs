/// What starts a region of a file, before its name.
pub const START: &str = "ANCHOR:";
/// What ends it.
pub const END: &str = "ANCHOR_END:";

/// Whether mdBook takes it for the numbers of lines.
pub fn is_range(anchor: &str) -> bool {
    let start = anchor.split(':').next().unwrap_or(anchor);
    start.is_empty() || start.parse::<usize>().is_ok()
}

/// What mdBook shows of a region, or why there is not one such region.
pub fn region<'a>(text: &'a str, anchor: &str) -> Result<Vec<&'a str>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let find = |mark| {
        let numbered = lines.iter().enumerate();
        let found =
            numbered.filter(|(_, line)| named(line, mark) == Some(anchor));
        found.map(|(number, _)| number).collect::<Vec<_>>()
    };
    match (&find(START)[..], &find(END)[..]) {
        ([start], [end]) if start < end => {
            // mdBook leaves out the marks of other anchors.
            let is_mark =
                |line: &str| named(line, START).or(named(line, END)).is_some();
            let inside = lines[start + 1..*end].iter().copied();
            Ok(inside.filter(|line| !is_mark(line)).collect())
        }
        ([], []) => Err(format!("there is no anchor {anchor}")),
        (starts, ends) => Err(format!(
            "the anchor {anchor} has {} starts and {} ends, in order it \
             needs one of each",
            starts.len(),
            ends.len(),
        )),
    }
}

/// The anchor that a line starts or ends, by mdBook's own rule.
pub fn named<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let rest = line.split_once(mark)?.1.trim_start();
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}
