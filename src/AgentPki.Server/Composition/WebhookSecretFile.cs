using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>The file with the secrets of the watch's webhook.</summary>
internal static class WebhookSecretFile
{
    private const int Longest = 4096;

    /// <param name="file">As <c>watch.yaml</c> names it, seen from the home.</param>
    /// <exception cref="IOException">It cannot be read, or others can; the message says what to do.</exception>
    public static string Read(ApplianceHome home, string file)
    {
        var path = home.Resolve(file);
        if (!File.Exists(path))
        {
            throw new IOException($"{path} is not there: make it with printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\" > {path}; chmod 600 {path}");
        }

        if (PrivateFile.IsOpenToOthers(path))
        {
            throw new IOException($"{path} is open to others: chmod 600 {path}");
        }

        return new FileInfo(path).Length <= Longest ? File.ReadAllText(path) : throw new IOException($"{path} is no file of secrets: it is longer than {Longest} octets");
    }
}
