package com.example.api;

import com.example.greet.Greet;

/** The service: it greets whom it is told to. */
public final class Main {
    private Main() {}

    public static void main(String[] names) {
        for (String name : names) {
            System.out.println(Greet.hello(name));
        }
    }
}
