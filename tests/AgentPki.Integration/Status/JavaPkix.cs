using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Status;

/// <summary>The JDK's own path validation: <c>tests/foreign/java/PkixRevocation.java</c>, compiled once, beside the test assembly.</summary>
internal static class JavaPkix
{
    private static readonly Lazy<Task<string>> Compiled = new(async () =>
    {
        var output = Path.Combine(AppContext.BaseDirectory, "java-pkix");
        (await Tool.RunAsync("javac", ["-d", output, Path.Combine(SourceTree.Foreign, "java", "PkixRevocation.java")])).MustSucceed();
        return output;
    });

    public static Task<string> ClassesAsync() => Compiled.Value;
}
