//! What comes into a shop from a table: descriptions and pictures, every bad row at once, and pictures that
//! are lost or damaged later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kessai_server::import::{Products, products};
use kessai_server::pictures::Pictures;
use kessai_shared::picture::{MAX_PICTURE_BYTES, PictureName};
use kessai_shared::storefront::MAX_DESCRIPTION_BYTES;
use tempfile::TempDir;

const HEADER: &str = "sku,name,unit_price_pence,stock,description,picture\n";

/// The first bytes of a PNG with so many pixels, and some more so that no two are alike.
fn png(side: u32, more: &[u8]) -> Vec<u8> {
    let sides = [side.to_be_bytes(), side.to_be_bytes()].concat();
    [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &sides, more].concat()
}

/// A folder with a table, and the files that it names.
struct Folder(TempDir);

impl Folder {
    fn with(rows: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.put("products.csv", format!("{HEADER}{rows}").as_bytes());
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is wrong with the table, each line without the folder.
    fn problems(&self) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        let error = products(&self.at("products.csv")).expect_err("a bad table");
        error.problems.iter().map(|line| line.replace(&folder, "")).collect()
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kessai-server"));
        let command = command.args(words).arg("--data").arg(self.at("data"));
        command.output().expect("the program")
    }

    fn import(&self) -> Output {
        self.run(&["import-products", &self.at("products.csv").display().to_string()])
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_bad_description_and_picture_is_told_at_once_with_its_place() {
    let long = "d".repeat(MAX_DESCRIPTION_BYTES + 1);
    let folder = Folder::with(&format!(
        "A,a,1,1,{long},\nB,b,1,1,\"bell\u{7}\",a.gif\nC,c,1,1,,gone.png\nD,d,1,x,,large.png\n\
         E,e,1,1,,wide.png\nF,f,1,1,,.\nG,g,1,1,,a.gif\nH,h,1,1,,cut.png\nI,i,1,1,,../a.gif\n\
         J,j,1,1,,/etc/hostname\n"
    ));
    folder.put("a.gif", b"GIF89a");
    folder.put("large.png", &png(1, &vec![0; MAX_PICTURE_BYTES]));
    folder.put("wide.png", &png(3_000, b""));
    folder.put("cut.png", &png(1, b"")[..20]);
    let description = "description: expected at most 4000 bytes, and no control characters but line breaks";
    let outside = "picture: expected a path inside the folder of the table, without ..";
    let expected = [
        format!("products.csv:2:5: {description}"),
        format!("products.csv:3:5: {description}"),
        "products.csv:3:6: picture: expected a PNG or a JPEG".to_owned(),
        "products.csv:4:6: picture: expected a file that can be read, but gone.png: \
         No such file or directory (os error 2)"
            .to_owned(),
        "products.csv:5:4: stock: expected a whole number of pieces, 0 or more".to_owned(),
        "products.csv:5:6: picture: expected at most 60 KiB".to_owned(),
        "products.csv:6:6: picture: expected 1 to 2048 pixels across and down".to_owned(),
        format!("products.csv:7:6: {outside}"),
        "products.csv:8:6: picture: expected a PNG or a JPEG".to_owned(),
        "products.csv:9:6: picture: expected a PNG or a JPEG".to_owned(),
        format!("products.csv:10:6: {outside}"),
        format!("products.csv:11:6: {outside}"),
    ];
    assert_eq!(folder.problems(), expected);
    let ended = folder.import();
    assert_eq!(ended.status.code(), Some(1));
    assert!(!folder.at("data/pictures").exists(), "nothing of a bad table is taken");
}

#[test]
fn descriptions_keep_their_lines_and_pictures_are_found_beside_the_table() {
    let longest = "d".repeat(MAX_DESCRIPTION_BYTES);
    let folder = Folder::with(&format!(
        "A,a,1,1,\"two\r\nlines \n\",pics/mug.png\nB,b,1,1,{longest},pics/mug.png\nC,c,1,1,,\n"
    ));
    let bytes = png(96, b"mug");
    folder.put("pics/mug.png", &bytes);
    let Products { table, pictures } = products(&folder.at("products.csv")).expect("a table");
    let name = PictureName::of(&bytes);
    assert_eq!(pictures.into_iter().collect::<Vec<_>>(), [(name, folder.at("pics/mug.png"))]);
    let said: Vec<_> = table.rows.iter().map(|row| (row.description.as_deref(), row.picture)).collect();
    let expected = [
        (Some("two\nlines"), Some(Some(name))),
        (Some(longest.as_str()), Some(Some(name))),
        (Some(""), Some(None)),
    ];
    assert_eq!(said, expected);
    folder.put("products.csv", b"sku,name,unit_price_pence,stock\nA,a,1,1\n");
    let without = products(&folder.at("products.csv")).expect("a table").table;
    assert_eq!((&without.rows[0].description, without.rows[0].picture), (&None, None));
}

#[test]
fn a_picture_that_was_lost_or_damaged_is_found_and_comes_back_with_the_next_import() {
    let folder = Folder::with("A,a,1,1,A mug.,mug.png\nB,b,1,1,,mug.png\n");
    let bytes = png(96, b"a mug");
    folder.put("mug.png", &bytes);
    let name = PictureName::of(&bytes);
    let ended = folder.import();
    assert_eq!(text(&ended.stdout), "2 products stocked, 0 relisted, 0 unchanged\n", "{ended:?}");
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 0 relisted, 2 unchanged\n");
    let kept = folder.at("data/pictures").join(name.to_string());
    let pictures = Pictures::in_folder(&folder.at("data"));
    assert_eq!(pictures.read(name), Ok(bytes.clone()));
    assert_eq!(fs::read_dir(folder.at("data/pictures")).expect("pictures").count(), 1, "two share one");
    let verified = || {
        let ended = folder.run(&["verify"]);
        (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
    };
    assert_eq!(verified().0, Some(0), "{}", verified().1);
    let flip = |path: &Path, at: usize| {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(path, damaged).expect("a damaged file");
    };
    for at in [0, bytes.len() - 1] {
        flip(&kept, at);
        let (code, said) = verified();
        assert!(code == Some(1) && said.contains("picture of ") && said.contains("is damaged"), "{said}");
        assert!(pictures.read(name).is_err(), "it is not shown to anybody");
    }
    fs::remove_file(&kept).expect("a file");
    let (code, said) = verified();
    assert!(code == Some(1) && said.contains(&name.to_string()), "{said}");
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 0 relisted, 2 unchanged\n");
    assert_eq!((verified().0, pictures.read(name)), (Some(0), Ok(bytes.clone())));
    flip(&folder.at("mug.png"), bytes.len() - 1);
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 2 relisted, 0 unchanged\n");
    assert_eq!(verified().0, Some(0));
}

#[test]
fn a_table_without_these_columns_leaves_what_was_said_before() {
    let folder = Folder::with("A,a,1,1,A mug.,\n");
    assert_eq!(folder.import().status.code(), Some(0));
    folder.put("products.csv", b"sku,name,unit_price_pence,stock,picture\nA,a,1,1,\n");
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 0 relisted, 1 unchanged\n");
    folder.put("products.csv", b"sku,name,unit_price_pence,stock,description\nA,a,1,1,\n");
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 1 relisted, 0 unchanged\n");
    assert_eq!(text(&folder.import().stdout), "0 products stocked, 0 relisted, 1 unchanged\n");
}
