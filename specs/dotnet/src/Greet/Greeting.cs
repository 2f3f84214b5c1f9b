namespace Greet;

/// <summary>Says good day.</summary>
public static class Greeting
{
    /// <summary>Greets somebody.</summary>
    public static string Hello(string name) => $"Good day, {name}!";
}
