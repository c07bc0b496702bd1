use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

/// Stands for what is no prose: code, the end of a paragraph, a helper.
const GAP: char = '\0';

/// HTML elements that hold no prose.
const HIDDEN: [&str; 6] = ["code", "pre", "kbd", "samp", "script", "style"];

/// HTML elements that do not interrupt a sentence.
const INLINE: [&str; 11] = [
    "a", "abbr", "b", "em", "i", "mark", "small", "span", "strong", "sub",
    "tspan",
];

/// What a reader reads of a page, without its code and without markup.
#[derive(Default)]
pub struct Prose {
    /// Sentences with one space between two words, and a [`GAP`] for what is
    /// left out.
    pub text: String,
    /// Where in the text a piece begins, and where in the page.
    pieces: Vec<(usize, usize)>,
}

impl Prose {
    /// Reads a page as mdBook does.
    pub fn of(page: &str) -> Self {
        let mut prose = Prose::default();
        let mut html = Html::default();
        let (mut is_code, mut is_address) = (false, false);
        let events = Parser::new_ext(page, Options::all()).into_offset_iter();
        for (event, place) in events {
            let at = place.start;
            match event {
                Event::Text(text)
                    if !(is_code || is_address || html.hides()) =>
                {
                    prose.push_str(&text, at);
                }
                Event::SoftBreak | Event::HardBreak => prose.push(' ', at),
                Event::Html(text) | Event::InlineHtml(text) => {
                    html.read(&text, at, &mut prose);
                }
                Event::Start(Tag::Link { link_type, .. }) => {
                    let addresses = [LinkType::Autolink, LinkType::Email];
                    is_address = addresses.contains(&link_type);
                }
                Event::End(TagEnd::Link) => is_address = false,
                Event::Start(ref tag) if is_inline(&tag.to_end()) => {}
                Event::End(ref tag) if is_inline(tag) => {}
                Event::Start(ref tag) => {
                    let block = tag.to_end();
                    is_code = matches!(
                        block,
                        TagEnd::CodeBlock | TagEnd::MetadataBlock(_)
                    );
                    // Whatever is left open hides no other block.
                    html = Html::default();
                    prose.push(GAP, at);
                }
                Event::End(_) => {
                    is_code = false;
                    prose.push(GAP, at);
                }
                _ => prose.push(GAP, at),
            }
        }
        prose.hide_helpers();
        prose
    }

    /// The line of the page, counted from 1, where a place of the text is.
    pub fn line(&self, page: &str, place: usize) -> usize {
        let after = self.pieces.partition_point(|(at, _)| *at <= place);
        let offset = match after.checked_sub(1).map(|last| self.pieces[last]) {
            Some((at, offset)) => offset + (place - at),
            None => 0,
        };
        let before = page.bytes().take(offset);
        before.filter(|byte| *byte == b'\n').count() + 1
    }

    fn push_str(&mut self, text: &CowStr, offset: usize) {
        for (at, c) in text.char_indices() {
            self.push(c, offset + at);
        }
    }

    fn push(&mut self, c: char, offset: usize) {
        // Also the spaces that do not break.
        let c = if c.is_whitespace() { ' ' } else { c };
        if c == ' ' && self.text.ends_with(' ') {
            return;
        }
        let here = self.text.len();
        let goes_on = self
            .pieces
            .last()
            .is_some_and(|(at, start)| start + (here - at) == offset);
        if !goes_on {
            self.pieces.push((here, offset));
        }
        self.text.push(c);
    }

    /// What is included is no typed text.
    fn hide_helpers(&mut self) {
        let gap = GAP.to_string();
        while let Some(start) = self.text.find("{{#") {
            let rest = &self.text[start..];
            let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
            let range = start..start + length;
            self.text.replace_range(range, &gap.repeat(length));
        }
    }
}

fn is_inline(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
    )
}

/// How far a block of HTML has been read.
#[derive(Default)]
struct Html {
    state: State,
    /// How many elements around it hold no prose.
    hidden: usize,
}

#[derive(Default)]
enum State {
    #[default]
    Text,
    Comment,
    /// What was read of it, and the quotation mark that is open.
    Tag(String, Option<char>),
}

impl Html {
    fn hides(&self) -> bool {
        self.hidden > 0
    }

    fn read(&mut self, html: &str, offset: usize, prose: &mut Prose) {
        let mut skip_to = 0;
        for (at, c) in html.char_indices() {
            if at < skip_to {
                continue;
            }
            let rest = &html[at..];
            match &mut self.state {
                State::Comment if rest.starts_with("-->") => {
                    self.state = State::Text;
                    skip_to = at + 3;
                }
                State::Comment => {}
                State::Tag(tag, None) if c == '>' => {
                    let tag = std::mem::take(tag);
                    self.state = State::Text;
                    self.end_of_tag(&tag, offset + at, prose);
                }
                State::Tag(tag, quote) => {
                    match quote {
                        Some(open) if c == *open => *quote = None,
                        None if c == '"' || c == '\'' => *quote = Some(c),
                        _ => {}
                    }
                    tag.push(c);
                }
                State::Text if rest.starts_with("<!--") => {
                    self.state = State::Comment;
                }
                State::Text if opens_tag(rest) => {
                    self.state = State::Tag(String::new(), None);
                }
                State::Text if self.hidden > 0 => {}
                State::Text => match entity(rest) {
                    // Such as a space that does not break.
                    Some(length) => {
                        prose.push(' ', offset + at);
                        skip_to = at + length;
                    }
                    None => prose.push(c, offset + at),
                },
            }
        }
    }

    fn end_of_tag(&mut self, tag: &str, offset: usize, prose: &mut Prose) {
        let bare = tag.trim_start_matches('/');
        let name = bare.split(|c: char| !c.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if HIDDEN.contains(&name.as_str()) {
            self.hidden = match tag.starts_with('/') {
                true => self.hidden.saturating_sub(1),
                false => self.hidden + usize::from(!tag.ends_with('/')),
            };
        }
        if !INLINE.contains(&name.as_str()) {
            prose.push(GAP, offset);
        }
    }
}

fn opens_tag(rest: &str) -> bool {
    let next = rest.strip_prefix('<').and_then(|rest| rest.chars().next());
    next.is_some_and(|c| c.is_ascii_alphabetic() || "/!?".contains(c))
}

/// The length of an entity, such as `&nbsp;`, if there is one.
fn entity(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix('&')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '#')?;
    (end > 0 && name[end..].starts_with(';')).then_some(end + 2)
}
