use serde_json::Value;
use unblocked::record::trace;

use crate::fake::Fake;
use crate::running::{finish, stdout};

fn rows(stdout: &str) -> Vec<Value> {
    let rows = stdout.lines().map(serde_json::from_str);
    rows.collect::<Result<_, _>>().unwrap_or_else(|e| panic!("{e}: {stdout}"))
}

fn clients(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["client"].as_str()).collect()
}

#[test]
fn the_blocked_server_gives_the_same_order_as_plain_lines() {
    let words = "blocked --json --block-ms 300 /block-server?x=1 /fast-one";
    let rows = rows(&stdout(words));
    assert_eq!(clients(&rows), ["A", "B"]);
    let [slow, fast] = &rows[..] else { panic!("{rows:?}") };
    let number = |row: &Value, name: &str| {
        row[name].as_u64().unwrap_or_else(|| panic!("no {name}: {row}"))
    };
    assert_eq!(number(slow, "sent"), 0);
    assert!(number(slow, "started") < number(slow, "answered"), "{slow}");
    assert!(number(slow, "started") <= number(fast, "sent"), "{rows:?}");
    assert!(number(slow, "answered") < number(fast, "answered"), "{rows:?}");
    // It was sent before the block and answered after it.
    assert!(number(slow, "answered") >= 300_000, "microseconds: {slow}");
    assert!(fast["started"].is_null(), "{fast}");
    assert_eq!(slow["path"], "/block-server?x=1");
    assert_eq!(fast["status"], 200);
    assert_eq!(slow["pid"], fast["pid"]);
}

#[test]
fn a_child_lets_the_fast_request_go_first() {
    let words = "fork --json --block-ms 600 /block-server /fast-one";
    let rows = rows(&stdout(words));
    assert_eq!(clients(&rows), ["B", "A"]);
    assert_ne!(rows[0]["pid"], rows[1]["pid"]);
}

#[test]
fn a_row_says_what_the_row_of_a_trace_says() {
    let words = "blocked --json --block-ms 50 /block-server /fast-one";
    for mut row in rows(&stdout(words)) {
        let row = row.as_object_mut().expect("an object");
        assert_eq!(row.remove("round"), Some(1.into()));
        // These two a reader of the row knows already.
        row.insert("method".into(), "GET".into());
        row.insert("body".into(), "".into());
        let row = Value::Object(row.clone());
        let request: Result<trace::Request, _> = serde_json::from_value(row);
        let request = request.expect("the same names and types");
        assert_eq!(request.connection, trace::Connection::Fresh);
    }
}

#[test]
fn rounds_are_numbered() {
    let words = "blocked --json --block-ms 1 --repeat 3 /fast-one /fast-one";
    let rows = rows(&stdout(words));
    let rounds: Vec<_> = rows.iter().map(|row| row["round"].as_u64()).collect();
    assert_eq!(rounds, [1, 1, 2, 2, 3, 3].map(Some));
    assert!(rows.iter().all(|row| row["sent"].is_u64()), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["sent"] == 0).count(), 3);
}

/// The fake listing answers with the number of requests that it has read on
/// the connection, where others tell their thread.
#[test]
fn a_kept_connection_was_used_before_and_a_fresh_one_was_not() {
    let fake = Fake::new();
    let numbers = |words: &str| {
        let (_, stdout, stderr) = finish(&mut fake.lab(words));
        assert_eq!(stderr, "");
        let rows = rows(&stdout).into_iter();
        let number = |row: Value| {
            let connection = row["connection"].as_str().map(str::to_owned);
            (connection.expect("a word"), row["thread"].as_u64())
        };
        rows.map(number).collect::<Vec<_>>()
    };
    let fresh = ("fresh".to_owned(), Some(1));
    assert_eq!(numbers("fake --json --repeat 2 /a /b"), vec![fresh; 4]);
    let kept = |number| ("kept".to_owned(), Some(number));
    assert_eq!(
        numbers("fake --json --kept-open --repeat 2 /a /b"),
        [kept(2), kept(2), kept(3), kept(3)]
    );
}

#[test]
fn more_clients_than_letters_have_two() {
    let fake = Fake::new();
    let words = format!("fake --json {}", "/ ".repeat(54));
    let (_, stdout, _) = finish(&mut fake.lab(&words));
    let rows = rows(&stdout);
    let mut clients = clients(&rows);
    clients.sort_by_key(|client| (client.len(), *client));
    assert_eq!(clients.len(), 54);
    assert_eq!(clients[25..28], ["Z", "AA", "AB"]);
    assert_eq!(clients[51..], ["AZ", "BA", "BB"]);
}

#[test]
fn a_request_without_an_answer_has_a_row_too() {
    let fake = Fake::new();
    let mut command = fake.lab("fake/fake_too --json /hang-up");
    let (code, stdout, _) = finish(&mut command);
    assert_eq!(code, Some(1));
    let [row] = &rows(&stdout)[..] else { panic!("{stdout}") };
    assert!(row["failed"].is_string(), "{row}");
    for name in ["answered", "status", "pid", "thread"] {
        assert!(row[name].is_null(), "{name}: {row}");
    }
}
