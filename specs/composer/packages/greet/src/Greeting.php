<?php

namespace Example\Greet;

/** Says good day. */
final class Greeting
{
    public static function hello(string $name): string
    {
        return "Good day, $name!";
    }
}
