/** Catalogues, which build.mjs puts into a script as text. */
declare module "*.ftl" {
  const source: string;
  export default source;
}
