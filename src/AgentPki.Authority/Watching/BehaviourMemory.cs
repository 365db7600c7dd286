using AgentPki.Agents.Behaviour;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching;

/// <summary>
/// The file in which what was learnt outlives the process: whoever has the appliance start anew makes nobody a newcomer by it. Written beside, synced and renamed, so that a process that is killed
/// leaves the old one or the new one. What is damaged or another version's is not used, and that is said.
/// </summary>
/// <param name="path">Null: there is none.</param>
internal sealed class BehaviourMemory(string? path, ILogger logger)
{
    private const int Buffer = 1 << 16;

    /// <summary>What was kept, or a model that knows nobody.</summary>
    public BehaviourModel Load(BehaviourSettings settings)
    {
        if (path is null || !File.Exists(path))
        {
            return new BehaviourModel(settings);
        }

        string? whyNot;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Buffer);
            if (BehaviourSnapshot.TryRead(file, settings, out var model, out whyNot))
            {
                Log.Remembered(logger, model.Agents, path);
                return model;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            whyNot = failure.Message.TrimEnd('.');
        }

        Log.NotRemembered(logger, path, whyNot);
        return new BehaviourModel(settings);
    }

    /// <summary>Keeps it; whether that was done.</summary>
    public bool Save(BehaviourModel model)
    {
        if (path is null)
        {
            return false;
        }

        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder); // the database may lie elsewhere
            }

            var beside = path + ".new";
            File.Delete(beside);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = Buffer };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(beside, options))
            {
                BehaviourSnapshot.Write(model, file);
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.NotKept(logger, path, failure);
            return false;
        }
    }
}
