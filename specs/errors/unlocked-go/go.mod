module example.com/shop/api

go 1.19

require example.com/shop/lib v1.2.0
