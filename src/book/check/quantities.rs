use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

const DIGITS: &str = r"\.?\d(?:[\d.,_']*\d)?(?:e\d+)?";

const WORDS: &str = "zero|one|two|three|four|five|six|seven|eight|nine|ten|\
    eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|\
    nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|\
    hundreds?|thousands?|millions?|billions?|dozens?|tens|half|halves|\
    thirds?|quarters?";

/// Units in full, behind digits and behind number words.
const UNITS: &str = "(?:nano|micro|milli)?seconds?|minutes?|hours?|days|weeks|\
    (?:kilo|mega|giga|tera|kibi|mebi|gibi)?(?:bytes?|bits?)|\
    (?:kilo|mega|giga)?hertz|percent|per cent|percentage points?|times|fold";

/// Short ones that no word can be mistaken for.
const SYMBOLS: &str = "[nuµμm]s|[kKMGT]i?B|[kKMGT]i?bit|[kMG]?Hz|rps";

/// Letters, which need digits before them.
const LETTERS: &str = "s|secs?|mins?|h|hrs?|B|x|[kM]";

/// What is counted in a run. In words they are the plan of an experiment, as
/// in "ten clients", and are left alone.
const COUNTED: &str = "requests?|connections?|clients?|answers?|responses?|\
    processes|process|threads?|workers?|child|children|tasks?|sockets?|\
    descriptors?|calls?|syscalls?|switches|wake-?ups?|polls?|cores?|tabs?|\
    steps?|lines?|messages?|events?|signals?|zombies?|errors?|bytes?";

/// What may stand between the number and the noun.
const KINDS: &str = "slow|fast|fresh|kept|open|idle|busy|new|more|other|full|\
    whole|worker|child|system|file|context|concurrent|parallel|waiting|dead|\
    further|extra|solid|long";

/// What has a version or a number that counts nothing.
const NUMBERED: [&str; 12] = [
    "Node", "Rust", "Linux", "Debian", "Chrome", "Chromium", "HTTP", "tokio",
    "mio", "hyper", "port", "issue",
];

static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    let digits = format!("{DIGITS}(?: ?(?:-|–|to|or|and|±) ?{DIGITS})*");
    let words = format!(
        r"\b(?i:{WORDS})\b(?:(?: |-| and | and a | to | or )(?i:{WORDS})\b)*"
    );
    let number = format!("(?:{digits}|{words})");
    let kind = format!("(?: (?i:{KINDS}))?");
    let time = "(?:second|minute|hour|day|s|min|h)";
    let patterns = [
        // "900 requests per second", "50/s", "ten answers a second".
        format!(r"{number}(?: [a-z]+){{0,2}}(?: per | ?/ ?){time}\b"),
        format!(r"{number}{kind}(?: (?:{COUNTED}))? an? {time}\b"),
        // "4.2 ms", "5x", "30 %", "5-second".
        format!(r"{digits}{kind}[ -]?(?:(?i:{UNITS})|{SYMBOLS}|{LETTERS})\b"),
        format!("{digits} ?[%‰×]"),
        format!("× ?{digits}"),
        // "five seconds", "half a second", "hundreds of times", "tenfold".
        format!(
            r"{words}(?: of)?(?: an?)?{kind}[ -](?:(?i:{UNITS})|{SYMBOLS})\b"
        ),
        format!(r"{words} ?[%‰×]"),
        format!(r"\b(?i:{WORDS})fold\b"),
        r"\b(?i:twice|thrice|half) as\b|\b(?i:twice|thrice) the\b".into(),
        // "a millisecond", but "a second" only where it can be no ordinal.
        r"\b(?i:an?) (?:(?:nano|micro|milli)second|minute|hour)\b".into(),
        r"\b(?i:a) second(?: (?:later|long|ago|or two)\b|[.,;:!?)\x00]|$)"
            .into(),
        // "1200 requests", "3 context switches".
        format!(r"{digits}{kind} (?:{COUNTED})\b"),
    ];
    Regex::new(&patterns.join("|")).expect("a pattern of ours")
});

/// Where a text names a number with a unit.
pub fn quantities(text: &str) -> Vec<Range<usize>> {
    let found = QUANTITY.find_iter(text).map(|found| found.range());
    found.filter(|range| !is_name(text, range)).collect()
}

/// Whether the number belongs to a name, as in "Node 20", or what looks like
/// a unit is a verb, as in "one times out".
fn is_name(text: &str, range: &Range<usize>) -> bool {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let goes_on =
        before.ends_with(|c: char| c.is_alphanumeric() || "/._#:".contains(c));
    let numbered = before.strip_suffix(' ').is_some_and(|before| {
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next();
        word.is_some_and(|word| NUMBERED.contains(&word))
    });
    let is_verb =
        text[range.clone()].ends_with("times") && after.starts_with(" out");
    goes_on || numbered || is_verb
}
