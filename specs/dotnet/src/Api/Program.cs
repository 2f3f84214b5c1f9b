var app = WebApplication.Create(args);
app.MapGet("/{name}", (string name) => Greet.Greeting.Hello(name));
app.Run();
