# The Dockerfile of a service on Node.js: copy it to the service's repository as Dockerfile, and docker/dockerignore as
# .dockerignore. `npm run build` writes dist/main.js.
FROM node:24.19.0-trixie-slim AS build
WORKDIR /src
# A layer of its own, which only another package-lock.json makes again: the workflow keeps the layers of all stages.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24.19.0-trixie-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
EXPOSE 8080 9090
USER 10001:10001
ENTRYPOINT ["node", "/app/dist/main.js"]
