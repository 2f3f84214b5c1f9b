package com.example.api;

/** The service: it greets whom it is told to. */
public final class Main {
    private Main() {}

    public static void main(String[] names) {
        for (String name : names) {
            System.out.println("Good day, " + name + "!");
        }
    }
}
