use crate::books::Book;
use crate::browser::Browser;
use serde_json::json;

#[test]
fn try_it() {
    let Some(browser) = Browser::start() else { return };
    let book = Book::made_up();
    for width in [360, 1280] {
        browser.resize(width);
        for theme in ["light", "coal"] {
            for page in book.pages() {
                if page.figures.is_empty()
                    || page.file == "index.html"
                    || page.file == "print.html"
                {
                    continue;
                }
                browser.open(&page.url);
                browser.ask::<()>("document.getElementById('mdbook-theme-'+arguments[0]).click()", &json!([theme]));
                for id in &page.figures {
                    let p = browser.picture(&format!("#{id}"));
                    std::fs::create_dir_all("/tmp/shots").unwrap();
                    let name = format!("/tmp/shots/{width}-{theme}-{id}");
                    std::fs::write(format!("{name}.b64"), p).unwrap();
                    std::process::Command::new("sh")
                        .arg("-c")
                        .arg("base64 -d $0.b64 > $0.png; rm $0.b64")
                        .arg(&name)
                        .status()
                        .unwrap();
                }
            }
        }
    }
}
