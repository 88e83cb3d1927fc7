# The Dockerfile of a service on the JVM, built by Maven: copy it to the service's repository as Dockerfile, and
# docker/dockerignore as .dockerignore. The pom.xml has <finalName>app</finalName>.
FROM eclipse-temurin:25.0.4_7-jdk-noble AS build
WORKDIR /src
# A layer of its own, which only another pom.xml makes again: the workflow keeps the layers of all stages.
COPY .mvn .mvn
COPY mvnw pom.xml ./
RUN ./mvnw --batch-mode --no-transfer-progress dependency:go-offline
COPY src src
RUN ./mvnw --batch-mode --no-transfer-progress -DskipTests package

FROM eclipse-temurin:25.0.4_7-jre-noble
WORKDIR /app
COPY --from=build /src/target/app.jar app.jar
EXPOSE 8080 9090
USER 10001:10001
# How large the heap is, the layer says (JAVA_TOOL_OPTIONS). Its root is read-only: only /tmp can be written.
ENTRYPOINT ["java", "-XX:+ExitOnOutOfMemoryError", "-jar", "/app/app.jar"]
