create table if not exists run(at text not null);
