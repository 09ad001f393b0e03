// graphql-js checks in development whether two copies of it meet, on every value: a tenth of an ingest's time.
// It looks once, when it is loaded: so this comes before everything else.
// biome-ignore lint/style/noProcessEnv: it is not read here.
process.env.NODE_ENV ??= 'production';
