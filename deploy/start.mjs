/** The main program of an image: that of the service which the image was built for. */
import { env, exit, stderr } from 'node:process';

const { SERVICE: service = '' } = env;
if (!/^[a-z]+(-[a-z]+)*$/.test(service)) {
  stderr.write('The image was built without a service: --build-arg SERVICE=gateway\n');
  exit(78); // EX_CONFIG of sysexits.h
}
await import(new URL(`../services/${service}/src/main.ts`, import.meta.url).href);
