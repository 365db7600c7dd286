using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>curl as an EST client (RFC 7030): the URL of the operations, the anchors, and who asks.</summary>
internal sealed record Curl(TempFolder Folder, string EstUrl, string Anchors)
{
    /// <summary>How it authenticates: <c>-u name:secret</c>, or <c>--cert</c> and <c>--key</c>.</summary>
    public string[] As { get; init; } = [];

    public static Curl To(Appliance appliance, TempFolder folder) => new(folder, appliance.EstUrl, appliance.AnchorsFile);

    public Curl WithCredential(string credential) => this with { As = ["-u", credential] };

    public Curl WithIdentity(string certificate, string key) => this with { As = ["--cert", certificate, "--key", key] };

    public Task<CurlAnswer> GetAsync(string operation) => RunAsync(operation);

    public Task<CurlAnswer> PostAsync(string operation, string bodyFile, string mediaType = Requests.Pkcs10) =>
        RunAsync(operation, "-H", $"Content-Type: {mediaType}", "-H", "Content-Transfer-Encoding: base64", "--data-binary", $"@{bodyFile}");

    /// <summary>Enrols with the files of a request; its certificate is then in <see cref="OpenSslRequest.Certificate"/>.</summary>
    public async Task<CurlAnswer> EnrollAsync(string operation, OpenSslRequest request)
    {
        var answer = (await PostAsync(operation, request.Base64)).MustBe(200);
        Assert.StartsWith("application/pkcs7-mime", answer.MediaType, StringComparison.Ordinal);
        Assert.Contains("smime-type=certs-only", answer.MediaType, StringComparison.Ordinal);
        var (_, count) = await OpenSsl.UnpackAsync(Folder, answer.Body, request.Certificate);
        Assert.Equal(1, count); // RFC 7030 §4.2.3
        return answer;
    }

    private async Task<CurlAnswer> RunAsync(string operation, params string[] arguments)
    {
        var (head, body) = (Folder.File("curl.head"), Folder.File("curl.body"));
        File.Delete(body);
        (await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "--cacert", Anchors, "-D", head, "-o", body, .. As, .. arguments, $"{EstUrl}/{operation}"], folder: Folder.Path)).MustSucceed();
        return new CurlAnswer(await File.ReadAllTextAsync(head), File.Exists(body) ? await File.ReadAllBytesAsync(body) : []);
    }
}

/// <summary>What curl got.</summary>
internal sealed record CurlAnswer(string Head, byte[] Body)
{
    public int Status => int.Parse(Head.Split("\n\r\n", StringSplitOptions.RemoveEmptyEntries)[^1].Split(' ')[1]);

    public string MediaType => Header("Content-Type") ?? "";

    public string? Header(string name) => Head.Split("\r\n").Select(line => line.Split(':', 2))
        .Where(parts => parts.Length == 2 && parts[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parts => parts[1].Trim()).LastOrDefault();

    public CurlAnswer MustBe(int status)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Head}{System.Text.Encoding.UTF8.GetString(Body)}");
        return this;
    }
}
