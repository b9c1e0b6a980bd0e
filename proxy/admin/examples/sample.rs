//! An admin API over a small SQLite directory, for programs that try it out: `sample FOLDER`. What they need to know
//! stands in the folder when it is ready: `token` has the administrator's token, `address` where to ask.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_admin::Options;
use cordon_directory::{
    By, ConnectOptions, DatabaseUrl, Draft, Field, Founding, Group, Object, Project, Record, Security, Store,
    User,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: sample FOLDER")?);
    let url = DatabaseUrl::parse("sqlite:cordon.db", &folder)?;
    let founding = Founding {
        security: Security::Enhanced,
        login: "adam".into(),
        name: "Adam".into(),
        actor: "sample".into(),
    };
    let (store, token) = Store::initialise(&url, &founding, &ConnectOptions::default()).await?;
    let by = By { actor: "sample".into(), action: "furnish", once: None };
    let furnished = store.change(&by, |draft| {
        furnish(draft);
        Ok::<(), String>(())
    });
    furnished.await?;
    let options = Options::default();
    let config = options.config.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    std::fs::write(folder.join("token"), token)?;
    std::fs::write(folder.join("new"), listener.local_addr()?.to_string())?;
    // Whoever waits for the file finds it whole.
    std::fs::rename(folder.join("new"), folder.join("address"))?;
    let router = cordon_admin::router(Arc::new(store), options);
    let stop = async {
        // Without the signal there is nothing to wait for but the end of the process.
        let _ = tokio::signal::ctrl_c().await;
    };
    cordon_admin::serve(listener, router, &config, stop).await?;
    Ok(())
}

/// Two projects and something of each kind in them.
fn furnish(draft: &mut Draft) {
    for (id, name) in [("acme", "Acme"), ("globex", "Globex")] {
        draft.create(Record::Project(Project::new(id, name)));
        let mut group = Group::new(&format!("{id}-group"), &format!("{name} group"));
        group.projects = [id].into_iter().collect();
        draft.create(Record::Group(group));
        let mut user = User::new(&format!("{id}-user"), &format!("{name} user"));
        user.projects = [id].into_iter().collect();
        draft.create(Record::User(user));
        let mut field = Field::new(&format!("{id}-field"));
        field.projects = [id].into_iter().collect();
        draft.create(Record::Field(field));
        let mut queue = Object::new("queue", &format!("{id}-queue"));
        queue.projects = [id].into_iter().collect();
        draft.create(Record::Object(queue));
    }
}
