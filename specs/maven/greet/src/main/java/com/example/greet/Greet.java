package com.example.greet;

/** Says good day. */
public final class Greet {
    private Greet() {}

    /** Greets somebody. */
    public static String hello(String name) {
        return "Good day, " + name + "!";
    }
}
