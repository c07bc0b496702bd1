use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::sources::code;
use super::{Problem, Repository};

/// Names for every interface at once.
const EVERYWHERE: [&str; 3] = ["UNSPECIFIED", "BROADCAST", "INADDR_ANY"];

/// A name that may stand for ::1 as well.
const NAME: &str = concat!("local", "host");

/// Files that may say it, and why.
const LOCALHOST: [(&str, &str); 2] = [
    ("src/book/serve/http.rs", "a browser may ask for the book by that name"),
    ("tests/serve/main.rs", "and a test does"),
];

/// Nothing listens on, or talks to, another host; and nothing binds a name,
/// which may stand for another address than 127.0.0.1.
pub fn loopback(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in code(repository) {
        let text = repository.read(file);
        let may = LOCALHOST.iter().any(|(path, _)| file.ends_with(path));
        for (number, line) in text.lines().enumerate() {
            let at = number + 1;
            for message in foreign(line) {
                problems.push(Problem::new(file, at, message));
            }
            let quoted = ["\"", "'", "`"].map(|quote| quote.to_owned() + NAME);
            if !may && quoted.iter().any(|name| line.contains(name)) {
                let message = "say 127.0.0.1: that name may be ::1";
                problems.push(Problem::new(file, at, message));
            }
            let listens = line.contains(".listen(") && !line.contains("HOST");
            if is_node(file) && listens && !line.contains("127.0.0.1") {
                let message = "without a host, Node listens everywhere";
                problems.push(Problem::new(file, at, message));
            }
        }
    }
    for kind in ["md", "txt", "js"] {
        for file in repository.under("book", kind) {
            for (number, line) in repository.read(file).lines().enumerate() {
                for message in foreign(line) {
                    problems.push(Problem::new(file, number + 1, message));
                }
            }
        }
    }
    problems
}

fn is_node(file: &Path) -> bool {
    file.extension().is_some_and(|kind| kind == "js")
}

/// What a line says of other hosts than this one.
fn foreign(line: &str) -> Vec<String> {
    // All of 127/8 is this host, yet one of them is enough for the book.
    let ours =
        [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let addresses = addresses(line).into_iter();
    let spelt = addresses
        .filter(|address| !ours.contains(address))
        .map(|address| address.to_string());
    let named = EVERYWHERE
        .iter()
        .filter(|name| line.contains(&format!("::{name}")))
        .map(|name| name.to_string());
    let found = spelt.chain(named);
    found.map(|address| format!("{address} is not 127.0.0.1")).collect()
}

/// The addresses that a line spells out. Four numbers with dots are one of
/// IPv4: a version has three. One of IPv6 stands in brackets or in quotes,
/// since a path in Rust has two colons as well.
fn addresses(line: &str) -> Vec<IpAddr> {
    let words = line.split(|c: char| !c.is_ascii_digit() && c != '.');
    let v4 = words
        .map(|word| word.trim_matches('.'))
        .filter_map(|word| word.parse().ok().map(IpAddr::V4));
    let quoted = line.split(['[', ']', '"', '\'', '`']);
    let v6 = quoted
        .filter(|word| word.matches(':').count() > 1)
        .filter_map(|word| word.parse().ok().map(IpAddr::V6));
    v4.chain(v6).collect()
}
