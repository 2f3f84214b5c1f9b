import configparser

from flask import Flask, jsonify, render_template


def create_app(config="/etc/shop.ini"):
    settings = configparser.ConfigParser()
    settings.read(config, encoding="utf-8")
    shop = settings["shop"]
    app = Flask(__name__)

    @app.get("/")
    def index():
        return render_template("index.html", name=shop["name"], currency=shop["currency"])

    @app.get("/healthz")
    def healthz():
        return jsonify(status="ok")

    return app
