use super::Asks::{Clients, Tabs};
use super::Step::{Answered, Kill, Open, Pause, Send, SendKept};
use super::Tabs::{FetchNoStore, FetchPost, OtherQuery, SameUrl};
use super::{Scenario, Step};

const SLOW: &str = "/block-server";
const FAST: &str = "/fast-one";

/// What each chapter begins with: the slow one first, then the fast one.
const TWO_CLIENTS: &[Step] = &[Send("A", SLOW), Pause(1000), Send("B", FAST)];

const TEN_CLIENTS: &[Step] = &[
    Send("A", SLOW),
    Send("B", SLOW),
    Send("C", SLOW),
    Send("D", SLOW),
    Send("E", SLOW),
    Send("F", SLOW),
    Send("G", SLOW),
    Send("H", SLOW),
    Send("I", SLOW),
    Send("J", SLOW),
];

/// The same ten after one that has the machine to itself.
const ONE_AND_TEN: &[Step] = &[
    Send("alone", SLOW),
    Answered("alone"),
    Send("A", SLOW),
    Send("B", SLOW),
    Send("C", SLOW),
    Send("D", SLOW),
    Send("E", SLOW),
    Send("F", SLOW),
    Send("G", SLOW),
    Send("H", SLOW),
    Send("I", SLOW),
    Send("J", SLOW),
];

/// All scenarios, in the order of the chapters.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "blocked-two-clients",
        title: "The fast request waits for the slow one",
        listing: "blocked",
        stage: None,
        variables: &[],
        asks: Clients(TWO_CLIENTS),
    },
    Scenario {
        name: "blocked-multi-thread-kept-open",
        title: "Eight threads, the slow request on an open connection",
        listing: "blocked",
        stage: Some("blocked_multi_thread"),
        variables: &[],
        asks: Clients(&[
            Open("A"),
            SendKept("A", SLOW),
            Pause(1000),
            Send("B", FAST),
            Pause(1000),
            Send("C", FAST),
            Pause(1000),
            Send("D", FAST),
        ]),
    },
    Scenario {
        name: "blocked-multi-thread-fresh",
        title: "Eight threads, the slow request on a fresh connection",
        listing: "blocked",
        stage: Some("blocked_multi_thread"),
        variables: &[],
        asks: Clients(&[
            Send("A", SLOW),
            Pause(1000),
            Send("B", FAST),
            Pause(1000),
            Send("C", FAST),
            Pause(1000),
            Send("D", FAST),
        ]),
    },
    Scenario {
        name: "fork-two-clients",
        title: "A child computes, and the fast request does not wait",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Clients(TWO_CLIENTS),
    },
    Scenario {
        name: "fork-ten-clients",
        title: "Ten clients, ten children, each until its clock has run out",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Clients(TEN_CLIENTS),
    },
    Scenario {
        name: "fork-ten-clients-real-work",
        title: "One client alone, then ten, with the same work for each",
        listing: "fork",
        stage: None,
        variables: &[("COUNT", "3000000000")],
        asks: Clients(ONE_AND_TEN),
    },
    Scenario {
        name: "fork-chrome-same-url",
        title: "Three tabs of one Chromium ask for the same URL",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Tabs(SameUrl),
    },
    Scenario {
        name: "fork-chrome-other-url",
        title: "Three tabs ask with a query of their own",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Tabs(OtherQuery),
    },
    Scenario {
        name: "fork-chrome-no-store-response",
        title: "The same URL, and an answer that must not be stored",
        listing: "fork",
        stage: Some("fork_no_store"),
        variables: &[],
        asks: Tabs(SameUrl),
    },
    Scenario {
        name: "fork-chrome-fetch-no-store",
        title: "The same URL, fetched past the cache",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Tabs(FetchNoStore),
    },
    Scenario {
        name: "fork-chrome-post",
        title: "The same URL, with the method POST",
        listing: "fork",
        stage: None,
        variables: &[],
        asks: Tabs(FetchPost),
    },
    Scenario {
        name: "cluster-two-clients",
        title: "Two workers: one computes, the other one answers",
        listing: "cluster",
        stage: None,
        variables: &[("WORKERS", "2")],
        asks: Clients(TWO_CLIENTS),
    },
    Scenario {
        name: "cluster-one-more-than-workers",
        title: "Both workers compute, and the third client waits",
        listing: "cluster",
        stage: None,
        variables: &[("WORKERS", "2")],
        asks: Clients(&[
            Send("A", SLOW),
            Pause(1000),
            Send("B", SLOW),
            Pause(1000),
            Send("C", FAST),
        ]),
    },
    Scenario {
        name: "cluster-worker-killed",
        title: "A worker is killed, and nobody takes its place",
        listing: "cluster",
        stage: None,
        variables: &[("WORKERS", "2")],
        asks: Clients(&[
            Send("A", SLOW),
            Pause(1000),
            Kill("A"),
            Pause(500),
            Send("B", SLOW),
            Pause(1000),
            Send("C", FAST),
        ]),
    },
    Scenario {
        name: "workers-two-clients",
        title: "A thread counts, and the fast request does not wait",
        listing: "workers",
        stage: None,
        variables: &[("COUNT", "20000000000")],
        asks: Clients(&[Send("A", "/"), Pause(1000), Send("B", "/fast")]),
    },
    Scenario {
        name: "workers-more-than-cores",
        title: "One thread alone, then four, with the same work for each",
        listing: "workers",
        stage: None,
        variables: &[("COUNT", "8000000000")],
        asks: Clients(&[
            Send("alone", "/"),
            Answered("alone"),
            Send("A", "/"),
            Send("B", "/"),
            Send("C", "/"),
            Send("D", "/"),
            Pause(1000),
            Send("E", "/fast"),
        ]),
    },
];
